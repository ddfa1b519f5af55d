// A line on a time axis that follows a player, and seeks it.

/** Draws the player's position on a plot whose x axis is seconds. */
export function playhead(plot, player) {
  const line = document.createElement("div");
  line.className = "q-playhead";
  plot.append(line);
  let frame = 0;
  let wired = null;

  function place() {
    const axis = plot._fullLayout?.xaxis;
    const audio = wire();
    if (!axis || !audio) return;
    const { t, h } = plot._fullLayout._size;
    line.style.transform = `translateX(${axis._offset + axis.l2p(Math.min(audio.currentTime, axis.range[1]))}px)`;
    line.style.top = `${t}px`;
    line.style.height = `${h}px`;
  }

  function follow() {
    place();
    const audio = wire();
    if (audio && !audio.paused && line.isConnected) frame = requestAnimationFrame(follow);
  }

  function wire() {
    const audio = player();
    if (audio && audio !== wired) {
      wired = audio;
      for (const event of ["play", "seeked", "timeupdate"]) audio.addEventListener(event, () => line.isConnected && follow());
    }
    return audio;
  }

  place();
  return {
    place,
    seek(seconds) {
      const audio = wire();
      if (!audio) return;
      audio.currentTime = seconds;
      audio.play().catch(() => {});
    },
    remove() {
      cancelAnimationFrame(frame);
      line.remove();
    },
  };
}
