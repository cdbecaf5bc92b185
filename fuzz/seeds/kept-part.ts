import { apiPath } from "@pstore/core/api/schemas";
import type { Faults } from "../faults.ts";
import { Exchange } from "../http/exchange.ts";
import { faultOfApiAnswer, faultOfPage } from "../http/judge.ts";
import type { Part } from "../part.ts";
import { kept } from "./kept.ts";

/** Sends the inputs that are kept, and judges the answers as those of all others. */
export function keptPart(url: string, faults: Faults): Part {
  const exchange = new Exchange({ name: "kept", url, atOnce: 1, faults });
  return {
    name: "kept",
    atOnce: 1,
    async run(index, worker) {
      const request = kept[index]?.request;
      if (request === undefined) throw new Error(`There is no kept input ${index}.`);
      await exchange.send(
        index,
        worker,
        request,
        request.target.startsWith(apiPath) ? faultOfApiAnswer : faultOfPage,
      );
    },
    end: () => exchange.end(),
  };
}
