import { readRc } from "../cli/rc.ts";
import type { Word } from "../cli/word.ts";
import { ownName, refuseUncheckedTls } from "../environment.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, faultBy, ok } from "./finding.ts";

/** Whether it is known who speaks to which store, and who says so. */
export async function* checkConfiguration(examination: Examination): AsyncGenerator<Finding> {
  const { env, options } = examination;
  try {
    refuseUncheckedTls(env);
  } catch (error) {
    examination.isTlsChecked = false;
    yield faultBy("TLS", error);
  }
  const words = wordsOfFile(examination);
  try {
    const user = options.user ?? ownName(env);
    examination.user = user;
    const source =
      options.user === null ? sourceOfName(env) : (placeOf(user, "user", words) ?? "the command line");
    yield ok("user", `'${user}', from ${source}`);
  } catch (error) {
    yield faultBy("user", error, "give --user=NAME");
  }
  if (options.storeUrls.length === 0)
    yield fault(
      "store URL",
      "no store is named",
      "give --store-url=URL, on the command line or in ~/.pstorerc",
    );
  for (const url of options.storeUrls)
    yield ok("store URL", `${url}, from ${placeOf(url, "store-url", words) ?? "the command line"}`);
}

function sourceOfName(env: Examination["env"]): string {
  if (env["USER"]) return "$USER";
  return env["LOGNAME"] ? "$LOGNAME" : "the login name";
}

/** The words of `.pstorerc` that hold. It was read before, with all warnings. */
function wordsOfFile({ env, options }: Examination): readonly Word[] {
  const { common, sections } = readRc(env["HOME"], () => {});
  const context = options.context ?? (env["PSTORE_CONTEXT"] || null);
  return [...common, ...((context === null ? null : sections.get(context)) ?? [])];
}

/** Where the file says this of an option; `null`: nowhere. */
function placeOf(value: string, option: "user" | "store-url", words: readonly Word[]): string | null {
  const says = ({ text }: Word, before: Word | undefined): boolean => {
    const bare = text.replace(/\/+$/, "");
    if (bare === `--${option}=${value}`) return true;
    if (option === "user" && /^-[a-z]*u./i.test(text) && text.endsWith(`u${value}`)) return true;
    return bare === value && (before?.text === `--${option}` || (option === "user" && before?.text === "-u"));
  };
  return words.findLast((word, at) => says(word, words[at - 1]))?.place ?? null;
}
