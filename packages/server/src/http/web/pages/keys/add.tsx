import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { knownUser } from "../../../../services/accounts.ts";
import { previewKey } from "../../../../services/key-preview.ts";
import { addKey } from "../../../../services/keys.ts";
import { holdsPrivateKey } from "../../../../services/private-keys.ts";
import { text, tick } from "../../form.ts";
import { page } from "../../page.ts";
import { Field, Post, Tick } from "../../parts/form.tsx";
import { Notice, sentence } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { userPath } from "../users/paths.ts";
import { Preview } from "./preview.tsx";

/** A key has at most 256 KiB, armored or not; as a field of a form it may take thrice as much. */
const maxFormSize = 1024 * 1024;

const common = { need: "superuser", action: "add key" } as const;
const addPath = "/users/:name/keys/add";

export const addKeyForm = page(
  { ...common, method: "GET", path: addPath },
  async ({ dependencies: { db }, path, visit }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    return await shown(visit, name, { description: "", writeOnly: false }, null);
  },
);

const given = v.object({
  block: v.optional(v.string(), ""),
  file: v.optional(v.union([v.instance(Blob), v.string()])),
  description: text,
  writeOnly: tick,
});

/** Shows what saving would do, and saves nothing. */
export const previewKeyPost = page(
  { ...common, method: "POST", path: addPath, form: given, maxFormSize },
  async ({ dependencies: { db }, path, form, visit }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    const { description, writeOnly } = form;
    let block: Uint8Array = new Uint8Array();
    try {
      block = await givenBlock(form);
      const preview = await previewKey(db, { user: name, block, description, writeOnly });
      return await html(visit, { title: `A key for ${name}` }, <Preview visit={visit} preview={preview} />);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const refusal = { problem: error, isPrivate: holdsPrivateKey(block) };
      return await shown(visit, name, { description, writeOnly }, refusal);
    }
  },
);

/** @throws Problem `bad-request` when there is none, or two */
async function givenBlock({ block, file }: v.InferOutput<typeof given>): Promise<Uint8Array> {
  // A browser sends an empty file where none was chosen.
  const bytes = file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array();
  const pasted = Buffer.from(block);
  const isPasted = block.trim() !== "";
  if (isPasted && bytes.length > 0) {
    if (holdsPrivateKey(pasted)) return pasted;
    if (holdsPrivateKey(bytes)) return bytes;
    throw new Problem("bad-request", "there is both a pasted key and a file; give one of them");
  }
  if (!isPasted && bytes.length === 0)
    throw new Problem("bad-request", "there is no key; paste one, or choose its file");
  return isPasted ? pasted : bytes;
}

/** Saves what was shown, as long as it is still what it was. */
export const saveKeyPost = page(
  {
    ...common,
    method: "POST",
    path: "/users/:name/keys/save",
    form: v.object({ block: v.string(), fingerprint: v.string(), description: text, writeOnly: tick }),
    maxFormSize,
  },
  async ({ dependencies: { db }, path, form, admin }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    const { description, writeOnly } = form;
    const key = { user: name, block: Buffer.from(form.block), description, writeOnly };
    await addKey(db, admin, key, form.fingerprint);
    return redirect(userPath(name), "key-saved");
  },
);

interface Typed {
  readonly description: string;
  readonly writeOnly: boolean;
}

interface Refusal {
  readonly problem: Problem;
  readonly isPrivate: boolean;
}

/** The form; what was pasted is never shown again where it was refused, as it may be what must not be shown. */
function shown(visit: Visit, name: string, typed: Typed, refusal: Refusal | null): Promise<Response> {
  return html(
    visit,
    { title: `Add a key for ${name}`, status: refusal?.problem.status ?? 200 },
    <>
      {refusal !== null && <Refused name={name} refusal={refusal} />}
      <div class="card">
        <Post visit={visit} action={userPath(name, "/keys/add")} upload>
          <div class="field">
            <label for="block">Public key</label>
            <textarea
              id="block"
              name="block"
              rows={10}
              spellcheck={false}
              autocomplete="off"
              aria-describedby="block-hint"
            />
            <p class="hint" id="block-hint">
              What <code>gpg --armor --export NAME</code> prints, or the line of an SSH key's .pub file. Never
              a private key.
            </p>
          </div>
          <div class="field">
            <label for="file">Or its file</label>
            <input id="file" name="file" type="file" />
          </div>
          <Field
            name="description"
            label="Description"
            value={typed.description}
            maxlength={255}
            autocomplete="off"
            hint="For people: on which device the key is, for example."
          />
          <Tick
            name="writeOnly"
            label="Write-only"
            checked={typed.writeOnly}
            hint="The key signs in and writes; nothing is encrypted to it."
          />
          <div class="actions">
            <button type="submit">Preview</button>
            <a href={userPath(name)}>Back</a>
          </div>
        </Post>
      </div>
    </>,
  );
}

function Refused({ name, refusal: { problem, isPrivate } }: { name: string; refusal: Refusal }) {
  return (
    <Notice kind="bad">
      {isPrivate && (
        <p>
          <strong>This is a private key, and it does not belong here.</strong> It was refused: it was neither
          stored nor logged, and is not shown again. Still, it has left its owner's device: have {name} make a
          new key, and use this one no more.
        </p>
      )}
      <p>{sentence(problem.message)}</p>
    </Notice>
  );
}
