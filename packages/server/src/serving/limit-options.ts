import { defaultSizeLimits } from "../services/limits/sizes.ts";
import { numeric } from "./option.ts";

/** The options of `serve` that say how much of something is too much. */
export const limitOptions = {
  /** In bytes. */
  maxUploadSize: numeric({
    name: "max-upload-size",
    what: "largest upload",
    otherwise: defaultSizeLimits.maxUploadSize,
    least: 1,
    most: 2 ** 40,
    help: `  --max-upload-size BYTES
                       the largest value. Default: PSTORE_MAX_UPLOAD_SIZE, else
                       17179869184 (16 GiB)
`,
  }),
  /** In bytes. */
  maxRequestSize: numeric({
    name: "max-request-size",
    what: "largest request",
    otherwise: defaultSizeLimits.maxRequestSize,
    least: 1024 * 1024,
    most: defaultSizeLimits.maxRequestSize,
    help: `  --max-request-size BYTES
                       the largest request, but for the upload of a value; of a
                       commit at most half of the default. Default:
                       PSTORE_MAX_REQUEST_SIZE, else 67108864 (64 MiB)
`,
  }),
  maxProperties: numeric({
    name: "max-properties",
    what: "largest number of properties",
    otherwise: defaultSizeLimits.maxProperties,
    least: 1,
    most: 10_000,
    help: `  --max-properties N   how many properties a machine may have. One that has
                       more already, since this was lowered, can be read and
                       changed, and gets no further ones; so with members.
                       Default: PSTORE_MAX_PROPERTIES, else 1000
`,
  }),
  maxMembers: numeric({
    name: "max-members",
    what: "largest number of members",
    otherwise: defaultSizeLimits.maxMembers,
    least: 1,
    most: 10_000,
    help: `  --max-members N      how many members a machine may have. Default:
                       PSTORE_MAX_MEMBERS, else 1000
`,
  }),
  maxOpenUploads: numeric({
    name: "max-open-uploads",
    what: "largest number of open uploads",
    otherwise: defaultSizeLimits.maxOpenUploads,
    least: 1,
    most: 100_000,
    help: `  --max-open-uploads N
                       how many large values of a user wait for their commit, or
                       are under way; one that no commit takes is dropped after
                       a day. Default: PSTORE_MAX_OPEN_UPLOADS, else 1000
`,
  }),
  /** A minute; 0: none. */
  maxAddressRequests: numeric({
    name: "max-address-requests",
    what: "largest number of requests from an address",
    otherwise: 12_000,
    least: 0,
    most: 1_000_000_000,
    help: `  --max-address-requests N
                       how many requests may come from an address (of IPv6, from
                       all that share their first 64 bits) within a minute, to
                       all servers of the store together; whoever makes more is
                       told when to try again. The loopback addresses may make
                       any number. 0: no limit. Default:
                       PSTORE_MAX_ADDRESS_REQUESTS, else 12000
`,
  }),
  /** A minute; 0: none. */
  maxUserRequests: numeric({
    name: "max-user-requests",
    what: "largest number of requests of a user",
    otherwise: 6000,
    least: 0,
    most: 1_000_000_000,
    help: `  --max-user-requests N
                       the same for the requests of a user, from wherever; a
                       command makes one to ten. Default:
                       PSTORE_MAX_USER_REQUESTS, else 6000
`,
  }),
  /** A minute; 0: none. */
  maxRefusals: numeric({
    name: "max-refusals",
    what: "largest number of refusals",
    otherwise: 300,
    least: 0,
    most: 1_000_000_000,
    help: `  --max-refusals N     how many requests of a user, and how many sign-ins
                       from an address, may be refused within a minute, each
                       with a row in the audit log: so that nobody can fill it.
                       A user then has to wait; from an address whoever signs
                       in rightly still does. 0: no limit. Default:
                       PSTORE_MAX_REFUSALS, else 300
`,
  }),
  /** In bytes a second. */
  minRate: numeric({
    name: "min-rate",
    what: "lowest rate",
    otherwise: 1024,
    least: 1,
    most: 1024 ** 3,
    help: `  --min-rate BYTES     how much a client must send or take in a second, over
                       half a minute, while the server waits for it; whoever is
                       slower is dropped. Default: PSTORE_MIN_RATE, else 1024
`,
  }),
};
