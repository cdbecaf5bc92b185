import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { type BodyLimits, readBytes } from "../body.ts";
import { holdsNul } from "../nul.ts";

/** The largest form, in bytes: 64 KiB, where a page does not say otherwise. */
export const maxFormSize = 64 * 1024;

/** A form's schema: of texts, of lists of texts for what may stand several times, and of `File`s for uploads. */
export type FormSchema = v.ObjectSchema<v.ObjectEntries, undefined>;

/** A tick of a form: present or not. */
export const tick = v.pipe(
  // What is missing is run through a pipe only where it has a default.
  v.optional(v.string(), ""),
  v.transform((text) => text !== ""),
);

/** A text of a form, without the blanks around it; its line ends are the browser's (CR LF). */
export const text = v.pipe(v.string(), v.trim());

type Value = string | File;

/**
 * The fields of a form, by name; a field that stands several times is a list.
 * @throws Problem `bad-request`, `too-large`, `too-slow`
 */
export async function readForm(
  request: Request,
  limits: BodyLimits,
): Promise<ReadonlyMap<string, Value | readonly Value[]>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type))
    throw new Problem("bad-request", "this is no form; use the one on the page");
  const bytes = await readBytes(request, limits).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== "too-large") throw error;
    throw new Problem(
      "too-large",
      `the form is over ${limits.maxSize / 1024} KiB, the most that is read here; give less in it`,
    );
  });
  let entries: [string, Value][];
  try {
    const data = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    entries = [...data] as [string, Value][];
  } catch {
    throw new Problem("bad-request", "the form cannot be read; send it once more from its page");
  }
  const byName = Map.groupBy(entries, ([name]) => name);
  return new Map(
    [...byName].map(([name, its]) => {
      const values = its.map(([, value]) => value);
      const [first] = values;
      return [name, values.length === 1 && first !== undefined ? first : values];
    }),
  );
}

/**
 * What a schema makes of a form's fields.
 * @throws Problem `bad-request` with the name of the first field that is wrong; never with its value
 */
export function checkFields(
  schema: FormSchema,
  fields: ReadonlyMap<string, unknown>,
  what: string,
): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const name of Object.keys(schema.entries)) if (fields.has(name)) raw[name] = fields.get(name);
  const result = v.safeParse(schema, raw, { abortEarly: true });
  if (result.success) {
    if (!holdsNul(result.output)) return result.output;
    throw new Problem("bad-request", `${what} cannot be read: a NUL character stands in it; leave it out`);
  }
  const [issue] = result.issues;
  const where = v.getDotPath(issue);
  throw new Problem(
    "bad-request",
    where === null
      ? `${what} cannot be read; go back to its page`
      : `${what}: '${where}' is missing, or is not what it should be; correct it`,
  );
}
