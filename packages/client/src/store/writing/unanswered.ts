import type { CommitRequest } from "@pstore/core/api/schemas";
import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";
import { isConfirmed } from "./confirm.ts";

/**
 * Sends a commit that was not answered, and says what has become of it.
 * @param request the very bytes that were sent before: a server that has applied them answers as it did then
 * @throws Problem `unavailable` when it is not answered again, or what else keeps the server from looking at it
 */
export async function sendAgain(api: Api, person: Person, request: string): Promise<void> {
  try {
    const answer = await api.commit(request);
    if (isConfirmed(answer, JSON.parse(request) as CommitRequest)) {
      person.notice("a change that was not answered before is now stored");
    } else {
      person.warn(
        "the server does not confirm a change that was not answered before; look whether it is there, and ask who runs the server",
      );
    }
  } catch (error) {
    if (!(error instanceof Problem) || !isFinal(error)) throw error;
    person.warn(`a change that was not answered before was not stored: ${error.message}`);
  }
}

/** Whether a server that says so has looked at the commit: not when it let nobody in, or did not read it to its end. */
function isFinal({ status }: Problem): boolean {
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status);
}

/**
 * Says what has become of a commit that was on its way when its command was interrupted. Whoever interrupts does not
 * want the change: it is not sent again.
 * @throws Problem `unavailable` when the server cannot be asked
 */
export async function tellFate(api: Api, person: Person, request: string): Promise<void> {
  const { changes } = JSON.parse(request) as CommitRequest;
  const [first] = changes;
  if (first === undefined) return;
  const { object, revision } = parseManifest(first.manifest);
  const what = changes.length === 1 ? `'${object.name}'` : `${changes.length} machines`;
  const isStored = await api.history(object.id, revision, revision).then(
    ({ revisions }) => revisions.some(({ manifest }) => manifest === first.manifest),
    (error: unknown) => {
      if (error instanceof Problem && (error.code === "not-found" || error.code === "forbidden"))
        return false;
      throw error;
    },
  );
  person.notice(`the change of ${what} that was interrupted is ${isStored ? "stored" : "not stored"}`);
}
