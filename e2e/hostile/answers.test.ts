// Whatever bytes a server answers, the client tells it in a sentence: no stack trace, nothing shown, nothing believed.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ObjectDetail, ObjectList } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import {
  type Attack,
  answerJson,
  type Given,
  keyOf,
  onJson,
  onObject,
  Scene,
  signedBy,
  the,
} from "../support/hostile.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;
let name: string;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
  name = await scene.machine(walter, { with: ["joe"], secrets: { a: `${secret} a` } });
});
afterAll(() => scene.dispose());

const notAStore = /it does not answer as a pstore server does|not as a pstore server does/;

/** Answers that no pstore server gives, under status 200. */
const junk: Record<string, (given: Given) => void> = {
  "an empty answer": (given) => {
    given.body = Buffer.alloc(0);
  },
  "an HTML page": (given) => {
    given.type = "text/html";
    given.body = Buffer.from("<!doctype html><title>Sign in to the hotel's network</title>");
  },
  "JSON that is cut off": (given) => {
    given.body = given.body.subarray(0, -2);
  },
  "the word null": (given) => answerJson(given, null),
  "a list": (given) => answerJson(given, []),
  "a number": (given) => answerJson(given, 1e308),
  "a deep nest": (given) => {
    given.body = Buffer.from(`${"[".repeat(200_000)}${"]".repeat(200_000)}`);
  },
  "bytes that are no text": (given) => {
    given.body = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
  },
  "a compressed answer, which was not asked for": (given) => {
    given.headers = { "content-encoding": "gzip" };
    given.body = Buffer.from(Bun.gzipSync(given.body));
  },
  "bytes that are said to be compressed": (given) => {
    given.headers = { "content-encoding": "gzip" };
    given.body = Buffer.from([0x1f, 0x8b, 0xff, 0xff]);
  },
  "an answer of another endpoint": (given) => answerJson(given, { challenge: "x", expiresIn: 1 }),
};

describe("answers that are no pstore server's", () => {
  const commands: Record<string, { args: () => string[]; endpoint: RegExp; fresh: boolean }> = {
    "GET /object": { args: () => [name, "-pg", "a"], endpoint: /^\/object$/, fresh: false },
    "GET /objects": { args: () => [], endpoint: /^\/objects$/, fresh: false },
    "GET /store": { args: () => [], endpoint: /^\/store$/, fresh: true },
    "GET /users": { args: () => [], endpoint: /^\/users$/, fresh: true },
    "GET /challenge": { args: () => ["--no-session"], endpoint: /^\/challenge$/, fresh: false },
    "POST /session": { args: () => ["--no-session"], endpoint: /^\/session$/, fresh: false },
  };
  for (const [what, { args, endpoint, fresh }] of Object.entries(commands)) {
    test(`to ${what}`, async () => {
      for (const spoil of Object.values(junk)) {
        if (what === "GET /challenge" && spoil === junk["an answer of another endpoint"]) continue;
        await scene.refuses(walter, args(), {
          attack: (given, sent) => {
            if (endpoint.test(sent.endpoint)) spoil(given);
          },
          says: notAStore,
          ...(fresh && { env: scene.newcomer(walter) }),
        });
      }
    });
  }

  test("with other states than 200", async () => {
    for (const [status, says] of [
      [204, notAStore],
      [301, /redirects to another place, which is never followed/],
      [302, /redirects to another place, which is never followed/],
      [400, notAStore],
      [404, notAStore],
      [418, notAStore],
      [500, /it answered 500/],
      [503, /it answered 503/],
    ] as const) {
      const attack: Attack = (given) => {
        given.status = status;
        given.body = status === 204 ? Buffer.alloc(0) : Buffer.from("<h1>no</h1>");
      };
      await scene.refuses(walter, [name, "-pg", "a"], { attack, says });
    }
    const cut: Attack = (given) => {
      given.cut = "before";
    };
    await scene.refuses(walter, [name, "-pg", "a"], {
      attack: cut,
      says: /^backend error: could not connect to /,
    });
    const half: Attack = (given) => {
      given.cut = "after";
      given.body = given.body.subarray(0, 50);
    };
    await scene.refuses(walter, [name, "-pg", "a"], {
      attack: half,
      says: /could not|does not answer|broke off/,
    });
  });

  test("with problems that the server makes up: told, never obeyed, and harmless at a terminal", async () => {
    for (const code of [
      "usage",
      "conflict",
      "bad-signature",
      "untrusted-server",
      "constructor",
      "__proto__",
      "not-signed-in",
    ]) {
      const attack: Attack = (given) => {
        answerJson(given, {
          ...{ type: "about:blank", title: "x", status: 400, code },
          detail: "evil \u001b[2J\u001b]0;title\u0007 and\nerror: a second line \u202e",
        });
        given.status = 400;
      };
      const { code: exit, text, stderr } = await scene.under(attack, walter, [name, "-pg", "a"]);
      expect({ code, exit, text }).toEqual({ code, exit: 1, text: "" });
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    }
  });
});

describe("sign-in that the server bends", () => {
  test("a challenge that would write further lines into what is signed, or is none", async () => {
    for (const challenge of ["x\nstore y", "", " ", "x".repeat(129), "é", 7, null]) {
      const before = scene.server.sent.length;
      await scene.refuses(walter, ["--no-session"], {
        attack: onJson("/challenge", () => ({ challenge, expiresIn: 300 })),
        says: notAStore,
      });
      const sent = scene.server.sent.slice(before);
      expect(sent.filter(({ endpoint }) => endpoint === "/session")).toEqual([]);
    }
  });

  test("a token that would write further headers, or lasts for ever", async () => {
    for (const answer of [
      { token: "x\r\nx-evil: 1", expiresIn: 900 },
      { token: "", expiresIn: 900 },
      { token: "x".repeat(5000), expiresIn: 900 },
      { token: "x".repeat(43), expiresIn: -1 },
      { token: "x".repeat(43), expiresIn: 1e300 },
    ]) {
      await scene.refuses(walter, ["--no-session"], {
        attack: onJson("/session", () => answer),
        says: notAStore,
      });
    }
  });

  test("a session that the server never knows", async () => {
    const attack: Attack = (given, sent) => {
      if (!sent.endpoint.startsWith("/object")) return;
      answerJson(given, {
        type: "about:blank",
        title: "x",
        status: 401,
        code: "not-signed-in",
        detail: "there is no such session",
      });
      given.status = 401;
    };
    const before = scene.server.sent.length;
    await scene.refuses(walter, [name, "-pg", "a"], { attack, says: /there is no such session/ });
    expect(scene.server.sent.length - before).toBeLessThan(6);
  });
});

describe("what the server says of a change", () => {
  test("an upload that it stored otherwise, or under another id", async () => {
    const large = Buffer.alloc(200_000, secret);
    for (const change of [{ size: 1 }, { digest: "0".repeat(64) }]) {
      const attack = onJson<object>(/^\/uploads\//, (upload) => ({ ...upload, ...change }));
      await scene.refuses(walter, [name, "-pe", "large"], {
        attack,
        says: /did not store 'large' as it was sent/,
        stdin: large,
      });
    }
  });

  test("a change that it claims to have made, and has not: the next look is refused", async () => {
    const own = await scene.machine(walter);
    await scene.does(walter, [own, "-pe", "a"], `${secret} 1`);
    const old = scene.server.detail(own);
    await scene.does(walter, [own, "-pe", "a"], `${secret} 2`);
    // As after a commit that was answered, and thrown away.
    await scene.refuses(walter, [own, "-pg", "a"], {
      attack: onObject(() => old),
      says: /has already seen revision 3/,
    });
  });

  test("a conflict, again and again: the client gives up", async () => {
    const own = await scene.machine(walter);
    const attack: Attack = (given, sent) => {
      if (sent.endpoint !== "/commits") return;
      answerJson(given, {
        type: "about:blank",
        title: "x",
        status: 409,
        code: "conflict",
        detail: "somebody was quicker",
      });
      given.status = 409;
    };
    // The real server applied the first one, which then shows as a change of the same property.
    const { code, text, stderr } = await scene.under(attack, walter, [own, "-pe", "a"], { stdin: secret });
    expect({ code, text, stderr }).toEqual({
      code: 1,
      text: "",
      stderr: expect.stringMatching(/^error: [^\n]+\n$/),
    });
  });
});

describe("fields of wrong types and sizes", () => {
  const field = (alter: (detail: Record<string, unknown>) => void) =>
    onObject((detail) => alter(detail as unknown as Record<string, unknown>));
  const revision = (change: object) =>
    field((detail) => {
      detail["revision"] = { ...(detail["revision"] as object), ...change };
    });
  const spoiled: Record<string, () => Attack> = {
    "no revision": () => field((detail) => delete detail["revision"]),
    "a revision that is null": () =>
      field((detail) => {
        detail["revision"] = null;
      }),
    "a manifest that is an object": () => revision({ manifest: {} }),
    "a signature that is no base64": () => revision({ signature: "!" }),
    "a negative index": () => revision({ index: -1 }),
    "an index of 1e300": () => revision({ index: 1e300 }),
    "a fractional index": () => revision({ index: 0.5 }),
    "a path of a thousand steps": () => revision({ path: Array(1000).fill("0".repeat(64)) }),
    "a path that is a text": () => revision({ path: "00" }),
    "values that are no list": () =>
      field((detail) => {
        detail["values"] = { length: 1 };
      }),
    "wrapped keys without a key": () =>
      field((detail) => {
        detail["wrappedKeys"] = [{ property: "a", wrapped: "" }];
      }),
    "a wrapped key of a megabyte": () =>
      field((detail) => {
        detail["wrappedKeys"] = [{ property: "a", key: keyOf(walter), wrapped: "A".repeat(1 << 20) }];
      }),
    "access that there is not": () =>
      field((detail) => {
        detail["access"] = "owner";
      }),
  };
  for (const [what, attack] of Object.entries(spoiled)) {
    test(what, () => scene.refuses(walter, [name, "-pg", "a"], { attack: attack(), says: notAStore }));
  }

  const manifests: Record<string, (text: string) => string> = {
    nothing: () => "",
    "no JSON": () => "<html>",
    "a number beyond 2^53": (text) => text.replace('"revision":2', '"revision":9007199254740993'),
    "a number of a thousand digits": (text) => text.replace('"revision":2', `"revision":${"9".repeat(1000)}`),
    "a negative number": (text) => text.replace('"size":256', '"size":-1'),
    "a repeated name": (text) => text.replace('{"format"', '{"revision":9,"format"'),
    "an unknown name": (text) => text.replace('{"format"', '{"x":1,"format"'),
    "__proto__ in it": (text) => text.replace('{"format"', '{"__proto__":{"deleted":true},"format"'),
    "another format": (text) => text.replace("pstore manifest 1", "pstore manifest 2"),
    "a deep nest": () => "[".repeat(100_000),
    "half a character": (text) => text.replace('"format"', '"format\\ud800"'),
    "nine megabytes": (text) => `${text}${" ".repeat(9 << 20)}`,
  };
  for (const [what, spoil] of Object.entries(manifests)) {
    test(`a manifest with ${what}`, async () => {
      const attack = onObject((detail) => {
        detail.revision.manifest = spoil(detail.revision.manifest);
      });
      await scene.refuses(walter, [name, "-pg", "a"], {
        attack,
        says: /what the server gave cannot be used|not in the commit/,
      });
    });
  }

  test("members and properties called __proto__ and constructor are ordinary", async () => {
    const plain = await scene.machine(walter);
    for (const property of ["__proto__", "constructor", "tostring", "0"]) {
      await scene.does(walter, [plain, "-pe", property], `${secret} ${property}`);
      expect((await scene.does(walter, [plain, "-pg", property])).text).toBe(`${secret} ${property}`);
    }
    const env = scene.newcomer(walter);
    expect((await walter.pstore([plain, "-pg", "__proto__"], { env })).text).toBe(`${secret} __proto__`);
    await scene.refuses(walter, [plain, "-pg", "valueof"], {
      attack: () => {},
      says: /has no property 'valueof'/,
    });
  });

  test("__proto__ in an answer changes nothing", async () => {
    const attack: Attack = (given, sent) => {
      if (sent.endpoint !== "/object") return;
      const text = given.body.toString();
      given.body = Buffer.from(`{"__proto__":{"access":"write","isSigned":true,"users":[]},${text.slice(1)}`);
    };
    expect(await scene.under(attack, walter, [name, "-pg", "a"])).toMatchObject({
      code: 0,
      text: `${secret} a`,
    });
  });

  test("sizes that a member in league has signed, and that no memory holds", async () => {
    const before = scene.manifest(name, 2);
    const entry = the(before.properties.get("a"));
    for (const size of [2 ** 53 - 1, 2 ** 45, 2 ** 32]) {
      const huge: Manifest = {
        ...before,
        ...{
          revision: 3,
          previous: digestOf(encodeManifest(before)),
          author: { user: "joe", key: keyOf(joe) },
        },
        properties: new Map(before.properties).set("a", { ...entry, size }),
      };
      const revision3 = await signedBy(joe, huge);
      const attack = onObject((detail) => {
        detail.revision = revision3;
        detail.values = [];
      });
      await scene.refuses(walter, [name, "-pg", "a"], {
        attack,
        env: scene.newcomer(walter),
        says: /no size of a value|broke off in the middle of 'a'|'a' of '[^']+' is said to have \d+ bytes|'a' of '[^']+' are not those that were signed/,
      });
    }
  });

  test("an answer of more bytes than any is", async () => {
    const huge = Buffer.alloc(64 * 1024 * 1024 + 1, " ");
    const attack: Attack = (given, sent) => {
      if (sent.endpoint === "/objects") given.body = huge;
    };
    await scene.refuses(walter, [], { attack, says: /its answer is over 67108864 bytes/ });
  });

  test("a list whose pages never end", async () => {
    let pages = 0;
    const attack = onJson<ObjectList>("/objects", (list) => {
      pages++;
      list.next = "more";
    });
    await scene.refuses(walter, [], { attack, says: /list does not end/ });
    // While one page is looked at, the next one is already asked for.
    expect([2, 3]).toContain(pages);
  });

  test("names in a list can neither act upon the terminal nor forge lines of the list", async () => {
    for (const evil of ["x\u001b[2J", "x\n+ forged", "x\u202e", ""]) {
      const member = { user: "joe", access: "write", pending: false } as const;
      const row = { id: crypto.randomUUID(), name: "x", access: "write" as const, members: [member] };
      for (const bad of [
        { ...row, name: evil },
        { ...row, members: [{ ...member, user: evil }] },
      ]) {
        const attack = onJson<ObjectList>("/objects", (list) => ({ ...list, objects: [row, bad] }));
        await scene.refuses(walter, [], { attack, says: notAStore });
        await scene.refuses(walter, ["x"], { attack, says: notAStore });
      }
    }
  });
});

test("a client that was told lies works on with the truth", async () => {
  expect((await scene.does(walter, [name, "-pg", "a"])).text).toBe(`${secret} a`);
  const detail: ObjectDetail = scene.server.detail(name);
  expect(detail.access).toBe("write");
});
