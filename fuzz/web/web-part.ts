// Requests to the web admin of a running server, and what must hold of its pages.
import type { Faults } from "../faults.ts";
import { Exchange } from "../http/exchange.ts";
import { faultOfPage } from "../http/judge.ts";
import type { Objects } from "../objects.ts";
import type { Part } from "../part.ts";
import { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";
import { WebRequests } from "./web-requests.ts";

const atOnce = 16;

export function webPart(context: {
  readonly url: string;
  readonly sessions: Sessions;
  readonly objects: Objects;
  readonly seed: number;
  readonly faults: Faults;
}): Part {
  const { url, sessions, objects, seed, faults } = context;
  const requests = new WebRequests(url, sessions, objects);
  const exchange = new Exchange({ name: "web", url, atOnce, faults });
  let renewing: Promise<void> | null = null;
  return {
    name: "web",
    atOnce,
    async run(index, worker) {
      await renewing;
      const request = requests.make(new Random(seed, "web", index));
      const answer = await exchange.send(index, worker, request, faultOfPage);
      const isOut = answer.headers.get("location")?.startsWith("/sign-in") ?? false;
      if (request.isSignedIn && isOut) {
        renewing ??= sessions.renew().finally(() => {
          renewing = null;
        });
      }
    },
    end: () => exchange.end(),
  };
}
