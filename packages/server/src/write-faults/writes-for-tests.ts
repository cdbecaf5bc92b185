/** One of each kind of write, ready to be sent. */
import { shownProblem } from "../http/failure.ts";
import { makeLog } from "../log/log.ts";
import { looseValues } from "../repositories/values.ts";
import { addUser, changeState } from "../services/accounts.ts";
import { record } from "../services/audit.ts";
import { Sealer } from "../services/audit-seals/sealer.ts";
import { addKey, removeKey } from "../services/keys.ts";
import { purgeReplaced } from "../services/retention.ts";
import { collectGarbage } from "../services/uploads.ts";
import { actor, bytes, type Draft, type TestStore, type TestUser } from "../store-for-tests.ts";

export interface Reply {
  readonly status: number;
  /** `null`: done. */
  readonly sentence: string | null;
}

/** A write. Sent again it is the very same. */
export type Write = () => Promise<Reply>;

/** The kinds of writes, by their names. */
export interface WriteKind {
  readonly name: string;
  /**
   * Whether it is done in several transactions, of which some may be done without the others: what is then there belongs to
   * nothing, and the next time is done with it.
   */
  readonly isInSteps?: true;
  /** What it is answered when it is sent again though it is done. */
  readonly again: readonly number[];
  /** Whether the log may tell of it once more then. */
  readonly isLoggedAgain?: true;
  /** Has the server do soon what it does in time with what belongs to nothing. */
  finish?(team: Team): Promise<void>;
  /** Makes what it needs. */
  make(team: Team): Promise<Write>;
}

const never = new AbortController().signal;
/** The size of a value that takes pages of its own, in bytes. */
const large = 20_000;

/** Who writes. */
export class Team {
  readonly store: TestStore;
  readonly joe: TestUser;
  readonly ann: TestUser;
  readonly token: string;
  #count = 0;

  private constructor(store: TestStore, joe: TestUser, ann: TestUser, token: string) {
    this.store = store;
    this.joe = joe;
    this.ann = ann;
    this.token = token;
  }

  static async of(store: TestStore): Promise<Team> {
    const joe = await store.addSshUser("joe", "ed25519");
    const ann = await store.addSshUser("ann", "ed25519", { email: "ann@example.com" });
    return new Team(store, joe, ann, await store.signIn(joe));
  }

  name(what: string): string {
    this.#count++;
    return `${what}${this.#count}`;
  }

  /** A machine of joe's and ann's as it is made first. */
  async first(): Promise<Draft> {
    const draft = this.store.draft(this.joe, this.name("machine"), { ann: [this.ann, "read"] });
    await this.store.putSecret(draft, "password", bytes("secret"));
    this.store.putPublic(draft, "notes", new Uint8Array(large));
    return draft;
  }

  async stored(): Promise<Draft> {
    const draft = await this.first();
    await this.store.committed(this.token, draft);
    return draft;
  }

  async upload(id: string, size: number): Promise<Reply> {
    const answer = await this.store.call("PUT", `/uploads/${id}`, {
      token: this.token,
      bytes: new Uint8Array(size).fill(7),
    });
    return { status: answer.status, sentence: answer.body?.detail ?? null };
  }

  /** A commit of some drafts, signed once. */
  commit(...drafts: Draft[]): Write {
    const json = this.store.request(drafts);
    const { token } = this;
    return async () => replyOf(await this.store.call("POST", "/commits", { token, json }));
  }
}

function replyOf({ status, body }: { status: number; body: { detail?: string } | null }): Reply {
  return { status, sentence: status < 300 ? null : (body?.detail ?? "") };
}

/** What is done without a request, answered as a request would be. */
function without(work: () => Promise<unknown>): Write {
  return async () => {
    try {
      await work();
      return { status: 200, sentence: null };
    } catch (error) {
      const lines: string[] = [];
      const problem = shownProblem({ log: (line) => lines.push(line) }, error, "none");
      return {
        status: problem.status,
        sentence: problem.status === 500 ? lines.join("\n") : problem.message,
      };
    }
  };
}

const plain = {
  email: "",
  fullName: "",
  staff: false,
  superuser: false,
  viewAny: false,
  password: null,
};

/** Makes what was written long ago as old as it needs to be. */
const long = "2020-01-01T00:00:00.000Z";

/** As a day later. */
async function collectLoose({ store }: Team): Promise<void> {
  const loose = await looseValues(store.db, "9");
  for (const { id } of loose)
    await store.db.updateTable("stored_values").set({ created: long }).where("id", "=", id).execute();
  await collectGarbage(store.db);
}

export const writeKinds: readonly WriteKind[] = [
  {
    name: "a commit that creates two machines",
    again: [200],
    make: async (team) => team.commit(await team.first(), await team.first()),
  },
  {
    name: "a commit that changes a machine, with an uploaded value, and shares another",
    again: [200],
    async make(team) {
      const { store, joe, ann } = team;
      const id = crypto.randomUUID();
      const size = 1_048_576 + large;
      await team.upload(id, size);
      const changed = store.next(await team.stored(), joe);
      store.putPublic(changed, "file", new Uint8Array(size).fill(7), id);
      const mine = store.draft(joe, team.name("mine"));
      const key = await store.putSecret(mine, "password", bytes("secret"));
      await store.committed(team.token, mine);
      const members = new Map(mine.manifest.members).set(ann.name, { access: "write", keys: ann.keys });
      const shared = store.next(mine, joe, { members });
      await store.wrapFor(shared, "password", key, [ann.name]);
      return team.commit(changed, shared);
    },
  },
  {
    name: "a commit that revokes a member and renames",
    again: [200],
    async make(team) {
      const before = await team.stored();
      const members = new Map(before.manifest.members);
      members.delete(team.ann.name);
      const object = { id: before.manifest.object.id, name: team.name("renamed") };
      return team.commit(team.store.next(before, team.joe, { members, object }));
    },
  },
  {
    name: "a commit that deletes a machine",
    again: [200],
    make: async (team) => team.commit(team.store.next(await team.stored(), team.joe, { deleted: true })),
  },
  {
    name: "a commit that restores a machine",
    again: [200],
    async make(team) {
      const { store, joe, token } = team;
      const mine = store.draft(joe, team.name("mine"));
      store.putPublic(mine, "notes", new Uint8Array(large));
      await store.committed(token, mine);
      const gone = store.next(mine, joe, { deleted: true });
      await store.committed(token, gone);
      return team.commit(store.next(gone, joe, { deleted: false }));
    },
  },
  {
    name: "an upload",
    isInSteps: true,
    // One whose end is not known is given up, and its id is free for the next.
    isLoggedAgain: true,
    again: [409],
    // What came of a first time is loose when its id is taken over.
    finish: collectLoose,
    async make(team) {
      await collectLoose(team);
      const id = crypto.randomUUID();
      return () => team.upload(id, 1_048_576 + large);
    },
  },
  {
    name: "a sign-in",
    again: [401],
    async make({ store, joe }) {
      const json = await store.login(joe);
      return async () => replyOf(await store.call("POST", "/session", { json }));
    },
  },
  {
    name: "a new user",
    again: [409],
    async make(team) {
      const name = team.name("user");
      return without(() => addUser(team.store.db, actor, { ...plain, name }));
    },
  },
  ...(["disable", "remove"] as const).map(
    (state): WriteKind => ({
      name: `${state} a user`,
      again: [200, 404],
      isLoggedAgain: true,
      async make(team) {
        const { store } = team;
        const name = team.name("user");
        await store.signIn(await store.addSshUser(name, "ed25519"));
        return without(() => changeState(store.db, actor, name, state, "keep-an-admin"));
      },
    }),
  ),
  {
    name: "a new key",
    again: [200],
    isLoggedAgain: true,
    async make(team) {
      const { line } = await team.store.makeSshKey("ed25519", team.name("key"));
      const key = { user: "joe", block: bytes(line), writeOnly: false, description: "" };
      return without(() => addKey(team.store.db, actor, key));
    },
  },
  {
    name: "a key that is removed",
    again: [404],
    async make({ store }) {
      const { key } = await store.addSshKey("joe", "ed25519");
      return without(() => removeKey(store.db, actor, key));
    },
  },
  {
    name: "a seal of the audit log",
    isInSteps: true,
    again: [200],
    async make({ store }) {
      const seal = async () =>
        await new Sealer(
          store,
          makeLog("none", () => {}),
        ).seal(never);
      await seal();
      await record(store.db, actor, [{ action: "read" }, { action: "read" }]);
      return without(seal);
    },
  },
  {
    name: "a purge of replaced values",
    isInSteps: true,
    again: [200],
    finish: collectLoose,
    async make(team) {
      await collectLoose(team);
      const { store, token, joe } = team;
      const before = await team.stored();
      const changed = store.next(before, joe);
      store.putPublic(changed, "notes", bytes("other"));
      await store.committed(token, changed);
      await store.db
        .updateTable("stored_values")
        .set({ replaced: long })
        .where("object_id", "=", before.manifest.object.id)
        .where("replaced", "is not", null)
        .execute();
      return without(() => purgeReplaced(store.db, 30, never));
    },
  },
  {
    name: "a collection of uploads that nobody took",
    isInSteps: true,
    again: [200],
    finish: collectLoose,
    async make(team) {
      await collectLoose(team);
      const id = crypto.randomUUID();
      await team.upload(id, large);
      await team.store.db.updateTable("uploads").set({ created: long }).where("id", "=", id).execute();
      return without(() => collectGarbage(team.store.db));
    },
  },
];
