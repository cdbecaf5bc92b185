/** Resolves after so many milliseconds, or when it is time to stop. */
export async function rest(milliseconds: number, stopping?: AbortSignal): Promise<void> {
  if (stopping?.aborted) return;
  const rested = Promise.withResolvers<void>();
  const end = () => rested.resolve();
  const timer = setTimeout(end, milliseconds);
  stopping?.addEventListener("abort", end);
  await rested.promise;
  clearTimeout(timer);
  stopping?.removeEventListener("abort", end);
}
