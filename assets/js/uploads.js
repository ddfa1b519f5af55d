// Files on their way to the server.
import { fill } from "./dom.js";
import { inParallel } from "./files.js";

const AT_ONCE = 4;

/** Uploads files, a few at once, and says in `told` how far it is, and why the server refused one. words: uploading, failed.
    Returns [{ path, name }] of those that arrived, in their order. */
export async function uploadAll(found, { words, upload, told }) {
  let done = 0;
  let failed = 0;
  let why = "";
  const tell = () => { told.textContent = fill(words.uploading, { done, all: found.length }); };
  tell();
  const sent = await inParallel(found, AT_ONCE, async ({ file, name }) => {
    try {
      return { path: (await upload(file)).path, name };
    } catch (problem) {
      failed += 1;
      why = /"detail":\s*"([^"]+)"/.exec(problem?.message ?? "")?.[1] ?? why;
      return null;
    } finally {
      done += 1;
      tell();
    }
  });
  told.textContent = failed ? [fill(words.failed, { n: failed }), why].filter(Boolean).join(". ") : "";
  return sent.filter(Boolean);
}
