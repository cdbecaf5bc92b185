import type { Examination } from "./examination.ts";
import { type Finding, ok, warning } from "./finding.ts";

const check = "proxy";

/** Whether requests go through a proxy that the environment names: every program of this runtime heeds it. */
export async function* checkProxy({ options, env }: Examination): AsyncGenerator<Finding> {
  for (const url of options.storeUrls) {
    const variable = proxyFor(url, env);
    if (variable === null) continue;
    const through = `requests to ${url} go through the proxy that ${variable} names`;
    yield new URL(url).protocol === "https:"
      ? ok(check, through)
      : warning(
          check,
          `${through}, without TLS`,
          `leave the store out of it: NO_PROXY=${new URL(url).hostname}`,
        );
  }
}

/** The variable that names the proxy for a URL; `null`: none does. */
export function proxyFor(url: string, env: Examination["env"]): string | null {
  const { protocol, hostname, host } = new URL(url);
  const spared = `${env["NO_PROXY"] ?? ""},${env["no_proxy"] ?? ""}`.split(",").map((name) => name.trim());
  const isSpared = (name: string) =>
    name === "*" ||
    name === hostname ||
    name === host ||
    (name !== "" && hostname.endsWith(`.${name.replace(/^\./, "")}`));
  if (spared.some(isSpared)) return null;
  const name = `${protocol.slice(0, -1)}_proxy`;
  return [name, name.toUpperCase(), "all_proxy", "ALL_PROXY"].find((one) => env[one]) ?? null;
}
