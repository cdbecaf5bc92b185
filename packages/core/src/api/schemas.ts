import * as v from "valibot";
import { fingerprintPattern, isFingerprint } from "../fingerprint.ts";
import { challengePattern } from "../login.ts";
import { printable, uuidPattern } from "../names.ts";
import { maxHave } from "./have.ts";

/**
 * The JSON of the HTTP API, version 1. Binary data is standard base64 (RFC 4648, section 4); sizes are bytes; times
 * are RFC 3339 in UTC; manifests and commit texts stand verbatim as strings.
 */

/** The path below a store URL under which version 1 of the API lies. */
export const apiPath = "/api/v1";

const base64 = v.pipe(
  v.string(),
  v.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
);
const uuid = v.pipe(v.string(), v.regex(uuidPattern));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const fingerprint = v.pipe(v.string(), v.regex(fingerprintPattern), v.guard(isFingerprint));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const user = v.pipe(v.string(), v.maxLength(150));
const name = v.pipe(v.string(), v.maxLength(255));
const access = v.picklist(["read", "write"]);
/** What is shown unsigned must not forge lines of its own, nor act upon a terminal. */
const shown = v.regex(printable);

/** `GET /store`: what this store is. */
export const StoreInfo = v.object({ id: uuid, version: v.string() });
export type StoreInfo = v.InferOutput<typeof StoreInfo>;

/** `GET /challenge`: a text to log in with, good once and for so many seconds. */
export const Challenge = v.object({
  challenge: v.pipe(v.string(), v.regex(challengePattern)),
  expiresIn: positive,
});
export type Challenge = v.InferOutput<typeof Challenge>;

/**
 * `POST /session`, and `POST /web-link`: a signature over the text of one or the other (see login.ts), OpenPGP or SSHSIG
 * (see keys/signature.ts).
 */
export const LoginRequest = v.object({
  user,
  /** The primary fingerprint of the key that signed. */
  key: v.pipe(v.string(), v.maxLength(100)),
  origin: v.pipe(v.string(), v.maxLength(300)),
  challenge: v.pipe(v.string(), v.maxLength(1000)),
  signature: v.pipe(base64, v.maxLength(20_000)),
});
export type LoginRequest = v.InferOutput<typeof LoginRequest>;

/** A session: its token goes into `Authorization: Bearer …`, for so many seconds. */
export const Session = v.object({
  token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{20,200}$/)),
  expiresIn: positive,
});
export type Session = v.InferOutput<typeof Session>;

/**
 * `POST /web-link`: what signs a browser in to the web admin, once and for so many seconds, at `/sign-in/link/TOKEN`
 * below the store URL. The client makes that URL itself: the server's answer leads it nowhere.
 */
export const WebLink = v.object({
  token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{20,200}$/)),
  expiresIn: positive,
});
export type WebLink = v.InferOutput<typeof WebLink>;

/** A public key of a user. */
export const PublicKey = v.object({
  fingerprint,
  /** An armored OpenPGP block, or a line as in `id_ed25519.pub`; `null` where the request said, with `have`, that the asker has it (see have.ts). */
  publicKey: v.nullable(v.string()),
  /** It logs in and signs, but nothing is encrypted to it. */
  writeOnly: v.boolean(),
  /** It was taken from its user: it signs nothing new, but what it signed before still stands. */
  removed: v.boolean(),
  description: v.string(),
});
export type PublicKey = v.InferOutput<typeof PublicKey>;

/**
 * A user with their current keys. Where the user was asked for as the author of a manifest, the key that the manifest
 * names is among them, also when it was removed since; `active` is false for one who was disabled or removed.
 */
export const User = v.object({ name: user, active: v.boolean(), keys: v.array(PublicKey) });
export type User = v.InferOutput<typeof User>;

/**
 * `GET /users?name=…&name=…`: those of the users named that exist or existed. With `key=FINGERPRINT` too, these keys
 * of theirs are included even when they were removed (what they signed still has to be verified).
 */
export const Users = v.object({ users: v.array(User) });
export type Users = v.InferOutput<typeof Users>;

/** A manifest with its commit and the proof that it is in it (see commit.ts). */
export const Revision = v.object({
  manifest: v.string(),
  commit: v.string(),
  signature: base64,
  index: count,
  path: v.pipe(v.array(digest), v.maxLength(32)),
});
export type Revision = v.InferOutput<typeof Revision>;

/** An object as a row of a list. */
export const ObjectRow = v.object({
  id: uuid,
  name: v.pipe(name, shown),
  /** The asking user's own; `null` where a privileged user looks at what is not theirs. */
  access: v.nullable(access),
  /** `pending`: they wait to be let in, no key is listed for them and nothing is encrypted to them. */
  members: v.array(v.object({ user: v.pipe(user, shown), access, pending: v.boolean() })),
});
export type ObjectRow = v.InferOutput<typeof ObjectRow>;

/** A body's session key, encrypted to one public key. */
export const WrappedKey = v.strictObject({
  property: name,
  /** The primary fingerprint of the public key. */
  key: fingerprint,
  /** One PKESK packet (RFC 9580, section 5.1.1); for an SSH key an age file with one stanza. */
  wrapped: v.pipe(base64, v.maxLength(4096)),
});
export type WrappedKey = v.InferOutput<typeof WrappedKey>;

/** An object at its newest revision. */
export const ObjectDetail = v.object({
  /** The asking user's own access; `null` where a privileged user looks at what is not theirs: then no wrapped keys. */
  access: v.nullable(access),
  revision: Revision,
  /**
   * Every public value of at most 2,048 bytes, and of the one property that was asked for, the public value or the
   * body, when it has at most 65,536 bytes.
   */
  values: v.array(v.object({ property: name, bytes: base64 })),
  /** For the asking user's keys alone, of every encrypted property. */
  wrappedKeys: v.array(WrappedKey),
  /** The users that were asked for with `keys` and `user`, with their keys. */
  users: v.array(User),
});
export type ObjectDetail = v.InferOutput<typeof ObjectDetail>;

/**
 * `GET /objects?q=TEXT&all=1&limit=N&cursor=C`: objects whose name contains the text (case-insensitive), by name.
 * With `exact=1`, an object of exactly this name is answered in `object`, and the list is left empty; the options of
 * `GET /object` then hold too.
 */
export const ObjectList = v.object({
  object: v.nullable(ObjectDetail),
  objects: v.array(ObjectRow),
  /** To be given as `cursor` for the next page; `null` on the last. */
  next: v.nullable(v.string()),
});
export type ObjectList = v.InferOutput<typeof ObjectList>;

/** The most objects that are asked for at once in `POST /details`. */
export const maxDetails = 200;

/** `POST /details`: several living objects at once, by name; as in `GET /object`, the keys of users may come along. */
export const DetailsRequest = v.strictObject({
  names: v.pipe(v.array(name), v.minLength(1), v.maxLength(maxDetails)),
  /** The property whose value comes along, as in `GET /object`. */
  value: v.optional(name),
  keys: v.optional(v.picklist(["author", "members"])),
  users: v.pipe(v.array(user), v.maxLength(1000)),
  have: v.pipe(v.array(v.pipe(v.string(), v.maxLength(100))), v.maxLength(maxHave)),
});
export type DetailsRequest = v.InferOutput<typeof DetailsRequest>;

/**
 * Those of the objects named that there are and that the asking user is a member of, in the order of their names; their
 * `users` are empty, since each user stands here once.
 */
export const Details = v.object({ objects: v.array(ObjectDetail), users: v.array(User) });
export type Details = v.InferOutput<typeof Details>;

/**
 * `POST /search`: where KEY is in a property's name and VALUE in its public value, both literally and whatever the case
 * (also beyond ASCII). Public values over 1 MiB are not looked into. What is searched for stands in no URL, since those
 * are logged along the way.
 */
export const SearchRequest = v.strictObject({
  key: v.optional(name),
  value: v.optional(v.pipe(v.string(), v.maxLength(2000))),
  /** Also the property names of others' objects, for privileged users. */
  all: v.boolean(),
});
export type SearchRequest = v.InferOutput<typeof SearchRequest>;

/** What a search finds. */
export const SearchAnswer = v.object({
  /** By name of the object, then of the property. What is found is good for nothing before the objects are verified. */
  found: v.array(v.object({ name: v.pipe(name, shown), property: v.pipe(name, shown) })),
  /** Whether there is more than one answer holds (1,000). */
  more: v.boolean(),
});
export type SearchAnswer = v.InferOutput<typeof SearchAnswer>;

/**
 * `GET /objects/ID/kept?property=NAME`: the values that the server still has of an object, replaced ones too, by
 * property and revision. Where a property is named, only its own, and these with the wrapped keys for the asking user's
 * keys; else without any (those of the present values come with the object).
 */
export const Kept = v.object({
  values: v.array(v.object({ property: name, revision: positive, wrappedKeys: v.array(WrappedKey) })),
});
export type Kept = v.InferOutput<typeof Kept>;

/**
 * `GET /reads?user=NAME`: which encrypted values the log says that a user has read, each with the last time: of the
 * objects that the asking user is a member of, or of all for privileged users.
 */
export const Reads = v.object({
  reads: v.array(
    v.object({
      id: uuid,
      name: v.pipe(name, shown),
      property: v.pipe(name, shown),
      /** The revision that sealed the value. */
      revision: positive,
      last: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)),
    }),
  ),
});
export type Reads = v.InferOutput<typeof Reads>;

/** `GET /user-names?q=TEXT`: active users whose name contains the text, by name, at most 1,000. */
export const UserNames = v.object({ names: v.array(v.pipe(user, shown)) });
export type UserNames = v.InferOutput<typeof UserNames>;

/**
 * `GET /objects/ID/history?from=N&to=N`: the revisions from N to N, in order. One answer holds at most 1,000 and some
 * megabytes of them, so there may be more behind its last one; there are none when it is empty. A former member who
 * asks from the revision behind one that lists them gets those up to the first that does not.
 */
export const History = v.object({ revisions: v.array(Revision) });
export type History = v.InferOutput<typeof History>;

/** `PUT /uploads/ID`: what the server stored of a large body. */
export const Upload = v.object({ id: uuid, size: count, digest });
export type Upload = v.InferOutput<typeof Upload>;

/** The bytes of a newly sealed value: inline (at most 65,536 bytes), or what was uploaded before under this id. */
export const NewValue = v.union([
  v.strictObject({ property: name, inline: base64 }),
  v.strictObject({ property: name, upload: uuid }),
]);
export type NewValue = v.InferOutput<typeof NewValue>;

/** `POST /commits`. */
export const CommitRequest = v.strictObject({
  /** The commit's text, verbatim (see commit.ts). */
  commit: v.pipe(v.string(), v.maxLength(1000)),
  /** The detached signature over that text by the key that every manifest names as its author's. */
  signature: v.pipe(base64, v.maxLength(20_000)),
  /** In the order in which the commit holds them. */
  changes: v.pipe(
    v.array(
      v.strictObject({
        manifest: v.string(),
        /** The values that this revision sealed. */
        values: v.array(NewValue),
        /** Those that the server does not have yet. */
        wrappedKeys: v.array(WrappedKey),
      }),
    ),
    v.minLength(1),
  ),
});
export type CommitRequest = v.InferOutput<typeof CommitRequest>;

/** What a commit made; a repeat of the same request is answered with the same. */
export const CommitAnswer = v.object({
  revisions: v.array(v.object({ id: uuid, revision: positive, digest })),
});
export type CommitAnswer = v.InferOutput<typeof CommitAnswer>;

/** `GET /check`: every inconsistency with its solution, for privileged users. */
export const CheckAnswer = v.object({
  faults: v.array(v.object({ kind: v.string(), where: v.string(), fault: v.string(), solution: v.string() })),
});
export type CheckAnswer = v.InferOutput<typeof CheckAnswer>;

/** Every error: problem details (RFC 9457), `detail` being one sentence for a person. */
export const ProblemDetails = v.object({
  type: v.string(),
  title: v.string(),
  status: count,
  /** One of the codes of problem.ts. */
  code: v.string(),
  detail: v.string(),
  /** Under which the server's log tells of the request, as `X-Request-Id` has it. */
  requestId: v.optional(v.string()),
});
export type ProblemDetails = v.InferOutput<typeof ProblemDetails>;
