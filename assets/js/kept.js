// What outlives the page: the key by which the server finds a browser's sessions again, and what would be lost.
const NAME = "qamro-session";

/** A key that this browser alone knows; empty where the browser keeps nothing. */
export function sessionKey() {
  try {
    let key = localStorage.getItem(NAME) ?? "";
    if (!/^[0-9a-f]{32}$/.test(key)) {
      key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      localStorage.setItem(NAME, key);
    }
    return key;
  } catch {
    return "";
  }
}

const work = new Set();

/** Says of some work, by its name, whether it would be lost with the page; the browser asks before it leaves. */
export const unsaved = (name, yes) => { if (yes) work.add(name); else work.delete(name); };

/** Whether anything would be lost now. */
export const wouldAsk = () => work.size > 0;

window.addEventListener("beforeunload", (event) => { if (wouldAsk()) event.preventDefault(); });
