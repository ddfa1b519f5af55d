// Files on their way to the server.
import { fill } from "./dom.js";
import { inParallel } from "./files.js";

const AT_ONCE = 4;

/** Uploads files, a few at once, and says in `told` how far it is. words: uploading, failed.
    Returns [{ path, name }] of those that arrived, in their order. */
export async function uploadAll(found, { words, upload, told }) {
  let done = 0;
  let failed = 0;
  const tell = () => { told.textContent = fill(words.uploading, { done, all: found.length }); };
  tell();
  const sent = await inParallel(found, AT_ONCE, async ({ file, name }) => {
    try {
      return { path: (await upload(file)).path, name };
    } catch {
      failed += 1;
      return null;
    } finally {
      done += 1;
      tell();
    }
  });
  told.textContent = failed ? fill(words.failed, { n: failed }) : "";
  return sent.filter(Boolean);
}
