import { readable } from "@pstore/core/fingerprint";
import { shownAlgorithm } from "../../../../services/key-facts.ts";
import type { KeyPreview } from "../../../../services/key-preview.ts";
import { ClientCommand } from "../../parts/command.tsx";
import { Post } from "../../parts/form.tsx";
import { Said } from "../../parts/said.tsx";
import { counted, Facts, Notice, Print, sentence } from "../../parts/text.tsx";
import type { Visit } from "../../visit.ts";
import { userPath } from "../users/paths.ts";
import { Encrypts, Expiry, typeText, UserIds } from "./parts.tsx";

/** A key that is not saved yet, and what saving it means. */
export function Preview({ visit, preview }: { visit: Visit; preview: KeyPreview }) {
  const { user, publicKey, encrypts, fault, writeOnly, description, block } = preview;
  const { type, fingerprint, userIds } = publicKey;
  return (
    <>
      {fault !== null && (
        <Notice kind="bad">
          <p>{sentence(fault)}</p>
        </Notice>
      )}
      <div class="card">
        <Facts
          rows={[
            ["User", user],
            ["Type", typeText(type)],
            ["Algorithm", shownAlgorithm(publicKey)],
            ["Fingerprint", <Print value={fingerprint} />],
            [type === "ssh" ? "Comment" : "User ids", <UserIds userIds={userIds} />],
            ["Encrypts", <Encrypts part={encrypts} writeOnly={writeOnly} type={type} />],
            ["Expires", <Expiry expires={encrypts?.expires ?? publicKey.expires} />],
            ["Description", description === "" ? "none" : <Said text={description} />],
          ]}
        />
        {fault === null && (
          <p>
            Compare the fingerprint with the one that {user} sees (
            <code>{type === "ssh" ? "ssh-keygen -l" : "gpg --fingerprint"}</code>), by telephone say: whoever
            has the private key of this one will {writeOnly ? "write" : "read and write"} what {user} may.
          </p>
        )}
      </div>
      <section aria-labelledby="meaning">
        <h2 id="meaning">What saving it means</h2>
        <div class="card">
          <Registration preview={preview} />
          {fault === null ? (
            <>
              <Rewrapping preview={preview} />
              <Trusting preview={preview} />
            </>
          ) : (
            <p>
              {user} signs in with it no more, and nothing more is encrypted to it. Without another key of{" "}
              {user}, pstore refuses to write what {user} is a member of, until a writer revokes {user} (
              <code>^{user}</code>) or lets {user} wait for a new key (<code>--pending</code>).
            </p>
          )}
        </div>
      </section>
      <Post visit={visit} action={userPath(user, "/keys/save")}>
        <input type="hidden" name="block" value={block} />
        <input type="hidden" name="fingerprint" value={fingerprint} />
        <input type="hidden" name="description" value={description} />
        {writeOnly && <input type="hidden" name="writeOnly" value="1" />}
        <div class="actions">
          <button type="submit">Save the key</button>
          <a href={userPath(user, "/keys/add")}>Back</a>
        </div>
      </Post>
    </>
  );
}

function Registration({ preview: { user, is, publicKey, encrypts, fault } }: { preview: KeyPreview }) {
  if (is.what === "new") return <p>The key is new here. It will be {user}'s, and never anybody else's.</p>;
  if (is.what === "back")
    return <p>{user} had this key before, and it was removed. It will be registered again.</p>;
  if (!is.changed) return <p>{user} has this key already, and this copy says nothing new.</p>;
  const { before } = is;
  const until = encrypts?.expires ?? publicKey.expires;
  const isExtended = before.expires?.getTime() !== until?.getTime();
  const added = publicKey.userIds.filter((id) => !before.userIds.includes(id));
  const gone = before.userIds.filter((id) => !publicKey.userIds.includes(id));
  return (
    <>
      <p>
        {user} has this key already. What this copy says anew is taken over, and sessions that were opened
        with the key end:
      </p>
      <ul>
        {fault !== null && <li>it is good for nothing any more</li>}
        {fault === null && isExtended && (
          <li>
            it expires: <Expiry expires={until} /> (before: <Expiry expires={before.expires} />)
          </li>
        )}
        {encrypts !== null && before.encrypts?.fingerprint !== encrypts.fingerprint && (
          <li>
            values will be encrypted to another part of it, <Print value={encrypts.fingerprint} />
          </li>
        )}
        {added.map((id) => (
          <li>
            a user id is added: <Said text={id} />
          </li>
        ))}
        {gone.map((id) => (
          <li>
            a user id is gone: <Said text={id} />
          </li>
        ))}
        <li>signatures and parts of the key that the store did not have are kept</li>
      </ul>
    </>
  );
}

/** Who must encrypt anew, before the key is of use. */
function Rewrapping({ preview: { user, counts, writeOnly } }: { preview: KeyPreview }) {
  const { waiting, others, earlier } = counts;
  if (waiting + others + earlier === 0) return <p>No object has to be encrypted anew for it.</p>;
  return (
    <>
      {others > 0 && (
        <>
          <p>
            With it, {user} {writeOnly ? "writes" : "reads"} nothing yet on {counted(others, "object")}:{" "}
            {user} runs the first command where an older key is, or a writer of each the second.
          </p>
          <ClientCommand words={["--rewrap"]} />
          <ClientCommand words={[`--rewrap=${user}`]} />
        </>
      )}
      {earlier > 0 && (
        <>
          <p>
            {counted(earlier, "object")} of {user} {earlier === 1 ? "is" : "are"} encrypted to an earlier part
            of this key, which {user} must keep until they have run
          </p>
          <ClientCommand words={["--rewrap"]} />
        </>
      )}
      {waiting > 0 && (
        <>
          <p>
            {user} waits to be let in on {counted(waiting, "object")}: a writer of each runs
          </p>
          <ClientCommand words={[`--pending=${user}`]} />
        </>
      )}
    </>
  );
}

/** What the clients of others will say. */
function Trusting({ preview: { user, trust } }: { preview: KeyPreview }) {
  switch (trust.is) {
    case "first":
      return (
        <p>
          It is the first key of {user}: each colleague's pstore shows its fingerprint once, and then
          remembers it.
        </p>
      );
    case "known":
      return <p>Whoever has seen this key of {user} before trusts it as it is.</p>;
    case "introduced":
      return (
        <p>
          An earlier key of {user} has signed this one, <code class="print">{readable(trust.by)}</code>:
          whoever trusts that one trusts this one as well.
        </p>
      );
    case "changed":
      return (
        <>
          <p>
            No key that {user} had here before has signed this one: the pstore of each colleague who has seen
            an earlier key of {user} refuses it, until they have compared the fingerprint and run
          </p>
          <ClientCommand words={["--trust", user]} />
        </>
      );
  }
}
