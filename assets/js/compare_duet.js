// Two sounds in one audio clock, of which one is heard.

const FADE = 0.004; // seconds of the time constant with which one sound gives way to the other; a click is avoided

/** Mean power of a decoded sound over its channels. */
export function power(buffer) {
  let sum = 0;
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    for (const sample of buffer.getChannelData(channel)) sum += sample * sample;
  }
  return sum / (buffer.numberOfChannels * buffer.length);
}

export class Duet {
  heard = "a";
  playing = false;
  #context = null;
  #sounds = {}; // by side: { buffer, power, source, gain }
  #from = 0; // position when the clock stood at #since
  #since = 0;
  #level = false;

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

  /** How long both last. */
  get seconds() {
    const lengths = Object.values(this.#sounds).map(({ buffer }) => buffer.duration);
    return lengths.length ? Math.min(...lengths) : 0;
  }

  get position() {
    if (!this.playing) return this.#from;
    const at = this.#from + Math.max(0, this.#context.currentTime - this.#since);
    if (at < this.seconds) return at;
    this.#stop();
    this.#from = 0;
    return 0;
  }

  play() {
    if (!this.seconds) return;
    this.#context.resume();
    if (this.#from >= this.seconds - 0.05) this.#from = 0;
    this.#since = this.#context.currentTime + 0.03;
    for (const [side, sound] of Object.entries(this.#sounds)) {
      sound.gain = this.#context.createGain();
      sound.gain.gain.value = side === this.heard ? this.#loudness(side) : 0;
      sound.source = this.#context.createBufferSource();
      sound.source.buffer = sound.buffer;
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
    this.heard = side;
    this.#mix();
  }

  /** Whether the louder one is turned down to the other's power. */
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
    for (const sound of Object.values(this.#sounds)) {
      sound.source?.stop();
      sound.source?.disconnect();
      sound.source = null;
    }
    this.playing = false;
  }
}
