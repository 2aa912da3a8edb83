// Server-sent events that carry a token: the browser's own EventSource sends no headers.

const RETRY_SECONDS = 1;

/** Calls `show(state)` with each event until `stop()`; `connected(yes)` when that changes. A visit that is over ends it. */
export function follow(address, token, show, connected) {
  const abort = new AbortController();
  const run = async () => {
    while (!abort.signal.aborted) {
      try {
        const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` }, signal: abort.signal });
        if (answer.status === 401) return show(null);
        if (!answer.ok) throw new Error(answer.statusText);
        connected(true);
        await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), show);
      } catch {
        if (abort.signal.aborted) return;
      }
      connected(false);
      await new Promise((done) => setTimeout(done, RETRY_SECONDS * 1000));
    }
  };
  run();
  return () => abort.abort();
}

async function read(reader, show) {
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (kept + value).split("\n\n");
    kept = events.pop();
    for (const event of events) if (event.startsWith("data: ")) show(JSON.parse(event.slice(6)));
  }
}
