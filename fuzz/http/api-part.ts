// Requests to the API of a running server, and what must hold of the answers.
import type { Operation } from "../contract/description.ts";
import type { Faults } from "../faults.ts";
import type { Objects } from "../objects.ts";
import type { Part } from "../part.ts";
import { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";
import { ApiRequests } from "./api-requests.ts";
import { Exchange } from "./exchange.ts";
import { faultOfApiAnswer } from "./judge.ts";

const atOnce = 16;

export function apiPart(context: {
  readonly url: string;
  readonly sessions: Sessions;
  readonly objects: Objects;
  readonly operations: readonly Operation[];
  readonly seed: number;
  readonly faults: Faults;
}): Part {
  const { url, sessions, objects, seed, faults } = context;
  const requests = new ApiRequests(context);
  const exchange = new Exchange({ name: "http", url, atOnce, faults });
  let renewing: Promise<void> | null = null;
  return {
    name: "http",
    atOnce,
    async run(index, worker) {
      await renewing;
      const request = requests.make(new Random(seed, "http", index));
      const answer = await exchange.send(index, worker, request, faultOfApiAnswer);
      if (answer.status === 200) for (const manifest of request.manifests) objects.learn(manifest);
      if (answer.status === 401 && request.isSignedIn) {
        // Somebody signed out, and it was us.
        renewing ??= sessions.renew().finally(() => {
          renewing = null;
        });
      }
    },
    end: () => exchange.end(),
  };
}
