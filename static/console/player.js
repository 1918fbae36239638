// The player at the foot of the page: one recording, caller and callee in two colours.
"use strict";

(() => {
  const nonce = document.currentScript.nonce;
  const bar = document.getElementById("player");
  if (!bar) return;
  const part = (name) => bar.querySelector(`[data-player="${name}"]`);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const stamp = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  // In whole seconds, as the lists say it.
  const whole = () => (wave ? Math.round(wave.getDuration()) : 0);
  const inline = bar.classList.contains("is-inline");
  let wave = null;
  let current = null;
  let shown = 0;

  const channels = () => [
    { waveColor: colour("--voice-1-soft"), progressColor: colour("--voice-1") },
    { waveColor: colour("--voice-2-soft"), progressColor: colour("--voice-2") },
  ];

  // How loud it is along its way: with that it is drawn at once, and fetched only as far as it is played.
  async function waveform(link) {
    try {
      const answer = await fetch(new URL("peaks", link.href));
      return answer.status === 200 ? await answer.json() : {};
    } catch {
      return {};
    }
  }

  async function show(link, { plays = true } = {}) {
    if (wave) wave.destroy();
    wave = null;
    if (current) current.classList.remove("is-playing");
    current = link;
    bar.hidden = false;
    part("error").hidden = true;
    part("title").textContent = link.dataset.title;
    part("download").href = link.href;
    part("time").textContent = "…";
    if (plays) bar.focus({ preventScroll: true });
    const mine = ++shown;
    const { peaks, duration } = await waveform(link);
    // One was chosen meanwhile, or the player closed.
    if (mine !== shown || bar.hidden) return;
    if (!plays && !peaks) return idle();
    const media = new Audio();
    media.preload = "none";
    wave = WaveSurfer.create({
      container: part("wave"),
      media,
      url: link.href,
      peaks,
      duration,
      cspNonce: nonce,
      height: inline ? 52 : 26,
      splitChannels: channels(),
      cursorColor: colour("--tblr-body-color"),
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      normalize: true,
      dragToSeek: true,
    });
    wave.on("ready", () => {
      wave.setPlaybackRate(Number(part("speed").value), true);
      if (!plays) return idle();
      wave.play().catch(() => bar.classList.remove("is-playing"));
    });
    wave.on("timeupdate", (at) => {
      part("time").textContent = `${stamp(at)} / ${stamp(whole())}`;
      bar.dataset.at = at.toFixed(2);
    });
    wave.on("play", () => mark(true));
    wave.on("pause", () => mark(false));
    wave.on("finish", () => mark(false));
    wave.on("error", () => {
      part("error").textContent = "The recording could not be loaded. It may have been deleted: reload the page.";
      part("error").hidden = false;
    });
  }

  // What is drawn and not played yet says how long it is.
  function idle() {
    part("time").textContent = stamp(whole());
  }

  function mark(playing) {
    bar.classList.toggle("is-playing", playing);
    if (current) current.classList.toggle("is-playing", playing);
  }

  function close() {
    if (inline) return;
    if (wave) wave.destroy();
    wave = null;
    mark(false);
    bar.hidden = true;
    if (current) current.focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-play]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (wave && link === current) wave.playPause();
    else show(link);
  });
  // Drawn when the page is opened, and fetched when somebody wants to hear it: whoever fetches has listened.
  const only = inline && document.querySelector("[data-play]");
  if (only) show(only, { plays: false });
  part("toggle").addEventListener("click", () => (wave ? wave.playPause() : only && show(only)));
  part("close").addEventListener("click", close);
  part("speed").addEventListener("change", () => wave && wave.setPlaybackRate(Number(part("speed").value), true));
  document.addEventListener("themechange", () => wave && wave.setOptions({ splitChannels: channels() }));

  bar.addEventListener("keydown", (event) => {
    if (!wave || event.target.matches("select, a, button") && event.key === " ") return;
    const keys = {
      " ": () => wave.playPause(),
      ArrowLeft: () => wave.setTime(Math.max(0, wave.getCurrentTime() - 5)),
      ArrowRight: () => wave.setTime(Math.min(wave.getDuration(), wave.getCurrentTime() + 5)),
      Escape: close,
    };
    if (keys[event.key] && !event.target.matches("select")) {
      event.preventDefault();
      keys[event.key]();
    }
  });
})();
