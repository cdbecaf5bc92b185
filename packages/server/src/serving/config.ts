import type { Environment } from "../config.ts";
import { type MailConfig, mailConfig } from "../mail-config.ts";
import { type Given, readOptions, type Values } from "./option.ts";
import { serveOptions } from "./options.ts";

/** What `serve` is told to do: the values of its options, some of which say something together. */
export interface ServeConfig extends Values<typeof serveOptions> {
  /** `null`: none is sent. */
  readonly mail: MailConfig | null;
}

/**
 * @param given on the command line, by the names of options
 * @throws Problem `usage`
 */
export function serveConfig(given: Given, env: Environment): ServeConfig {
  const values = readOptions(serveOptions, given, env);
  return { ...values, mail: mailConfig(values) };
}
