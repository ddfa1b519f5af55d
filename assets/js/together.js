// Sounds in one audio clock, all playing together, of which one is let through: switching never moves the position.

const START = 0.03; // seconds from asking to the first sample, so that all begin at once
const FADE = 0.004; // seconds of the time constant with which one sound gives way to the other; a click is avoided

/** Mean power of a decoded sound over its channels. */
export function power(buffer) {
  let sum = 0;
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    for (const sample of buffer.getChannelData(channel)) sum += sample * sample;
  }
  return sum / (buffer.numberOfChannels * buffer.length);
}

export class Together {
  heard = "a";
  playing = false;
  loop = false; // whether all begin again, in step, where the shortest ends
  #context = null;
  #listened = {}; // by side: seconds for which it was let through
  #counted = 0; // the clock when they were last added up
  #sounds = {}; // by side: { buffer, power, source, gain }
  #from = 0; // position when the clock stood at #since
  #since = 0;
  #level = false;

  /** context: an audio context of one's own; else one is made when it is first needed. */
  constructor(context = null) { this.#context = context; }

  async decode(bytes) {
    this.#context ??= new AudioContext();
    return this.#context.decodeAudioData(bytes);
  }

  /** Puts a decoded sound on a side, or takes it off; what plays goes on with it. */
  put(side, buffer) {
    const at = this.position;
    const { playing } = this;
    if (playing) this.pause();
    if (buffer) this.#sounds[side] = { buffer, power: power(buffer) };
    else delete this.#sounds[side];
    this.#from = Math.min(at, this.seconds);
    if (playing) this.play();
  }

  /** How long all of them last. */
  get seconds() {
    const lengths = Object.values(this.#sounds).map(({ buffer }) => buffer.duration);
    return lengths.length ? Math.min(...lengths) : 0;
  }

  get position() {
    if (!this.playing) return this.#from;
    const at = this.#from + Math.max(0, this.#context.currentTime - this.#since);
    if (at < this.seconds) return at;
    if (this.loop) return at % this.seconds;
    this.#stop();
    this.#from = 0;
    return 0;
  }

  play() {
    if (!this.seconds) return;
    this.#context.resume().catch(() => {}); // a context that renders into memory is not to be resumed
    if (this.#from >= this.seconds - 0.05) this.#from = 0;
    this.#since = this.#context.currentTime + START;
    this.#counted = this.#since;
    for (const [side, sound] of Object.entries(this.#sounds)) {
      sound.gain = this.#context.createGain();
      sound.gain.gain.value = side === this.heard ? this.#loudness(side) : 0;
      sound.source = this.#context.createBufferSource();
      sound.source.buffer = sound.buffer;
      if (this.loop) { sound.source.loop = true; sound.source.loopEnd = this.seconds; }
      sound.source.connect(sound.gain).connect(this.#context.destination);
      sound.source.start(this.#since, this.#from);
    }
    this.playing = true;
  }

  pause() {
    const at = this.position;
    this.#stop();
    this.#from = at;
  }

  seek(seconds) {
    const { playing } = this;
    if (playing) this.pause();
    this.#from = Math.min(Math.max(0, seconds), Math.max(0, this.seconds - 0.01));
    if (playing) this.play();
  }

  hear(side) {
    this.#count();
    this.heard = side;
    this.#mix();
  }

  /** For how many seconds a side was let through so far. */
  listened(side) {
    this.#count();
    return this.#listened[side] ?? 0;
  }

  #count() {
    if (!this.playing) return;
    const now = Math.max(this.#context.currentTime, this.#counted);
    const end = this.loop ? now : Math.min(now, this.#since + this.seconds - this.#from);
    this.#listened[this.heard] = (this.#listened[this.heard] ?? 0) + Math.max(0, end - this.#counted);
    this.#counted = Math.max(end, this.#counted);
  }

  /** Whether the louder ones are turned down to the power of the quietest. */
  level(on) {
    this.#level = on;
    this.#mix();
  }

  #loudness(side) {
    const powers = Object.values(this.#sounds).map((sound) => sound.power).filter((value) => value > 0);
    const own = this.#sounds[side]?.power;
    return this.#level && own ? Math.sqrt(Math.min(...powers) / own) : 1;
  }

  #mix() {
    if (!this.playing) return;
    for (const [side, { gain }] of Object.entries(this.#sounds)) {
      gain.gain.setTargetAtTime(side === this.heard ? this.#loudness(side) : 0, this.#context.currentTime, FADE);
    }
  }

  #stop() {
    this.#count();
    for (const sound of Object.values(this.#sounds)) {
      sound.source?.stop();
      sound.source?.disconnect();
      sound.source = null;
    }
    this.playing = false;
  }
}
