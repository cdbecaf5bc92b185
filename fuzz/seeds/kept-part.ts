import { apiPath } from "@pstore/core/api/schemas";
import type { Faults } from "../faults.ts";
import { Exchange } from "../http/exchange.ts";
import { faultOfApiAnswer, faultOfPage } from "../http/judge.ts";
import type { Part } from "../part.ts";
import type { Sessions } from "../sessions.ts";
import { kept } from "./kept.ts";

/** Sends the inputs that are kept, and judges the answers as those of all others. */
export function keptPart(context: {
  readonly url: string;
  readonly sessions: Sessions;
  readonly faults: Faults;
}): Part {
  const { url, sessions, faults } = context;
  const exchange = new Exchange({ name: "kept", url, atOnce: 1, faults });
  return {
    name: "kept",
    atOnce: 1,
    async run(index, worker) {
      const one = kept[index];
      if (one === undefined) throw new Error(`There is no kept input ${index}.`);
      const headers = [...one.request.headers];
      if (one.as === "ann") headers.push(["authorization", `Bearer ${sessions.signer("ann").token}`]);
      if (one.as === "root") headers.push(["cookie", sessions.web.cookie]);
      const judge = one.request.target.startsWith(apiPath) ? faultOfApiAnswer : faultOfPage;
      await exchange.send(index, worker, { ...one.request, headers }, judge);
    },
    end: () => exchange.end(),
  };
}
