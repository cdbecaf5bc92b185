import { describe, expect, test } from "bun:test";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import { parseSecretKeys, parseStatus, reasonOf, sessionKeyOf } from "./status.ts";

const hex = "69FCDC6579104D5448A6B1D3FCAD5CB2CED3A719332CF035D7CBF55FDE0B1744";

describe("session keys", () => {
  const status = (...lines: string[]) => sessionKeyOf(parseStatus(lines.join("\n")));

  test("exactly one of AES-256 counts", () => {
    expect(
      Buffer.from(
        status("[GNUPG:] ENC_TO 25708A6D91B579AA 1 0", `[GNUPG:] SESSION_KEY 9:${hex}`) ?? [],
      ).toString("hex"),
    ).toBe(hex.toLowerCase());
    expect(status(`[GNUPG:] SESSION_KEY 9:${hex}`, `[GNUPG:] SESSION_KEY 9:${hex}`)).toBeNull();
    expect(status(`[GNUPG:] SESSION_KEY 7:${hex.slice(32)}`)).toBeNull();
    expect(status(`[GNUPG:] SESSION_KEY 9:${hex.slice(2)}`)).toBeNull();
    expect(status(`gpg: session key: '9:${hex}'`)).toBeNull();
  });
});

describe("reasons", () => {
  test("are told in words", () => {
    expect(reasonOf(parseStatus("[GNUPG:] ERROR pkdecrypt_failed 11"))).toBe("the passphrase is wrong");
    expect(reasonOf(parseStatus("[GNUPG:] ERROR pkdecrypt_failed 83886179"))).toBe(
      "the passphrase was not given",
    );
    expect(reasonOf(parseStatus("[GNUPG:] FAILURE sign 33554445"))).toContain("gpg gave no reason");
    // As GnuPG 2.2.40 says it where pinentry-curses has no terminal, and where the one that GPG_TTY names is gone.
    for (const line of ["FAILURE sign 83918950", "ERROR pkdecrypt_failed 83918929"])
      expect(reasonOf(parseStatus(`[GNUPG:] ${line}`))).toContain("pinentry has no terminal");
    expect(reasonOf(parseStatus("[GNUPG:] ERROR pkdecrypt_failed 67108949"))).toContain("no pinentry");
    expect(reasonOf(parseStatus("[GNUPG:] NO_SECKEY 25708A6D91B579AA"))).toBe("the private key is not here");
  });
});

describe("secret keys", () => {
  // As GnuPG 2.2.40 prints them: a certifying primary key with a signing and an encrypting subkey.
  const primary = "FD28B62D4167D0465386CE0ECBF05EA18DB06A59";
  const signing = "0123456789ABCDEF0123456789ABCDEF01234567";
  const listing = (
    token = "+",
    validity = "u",
  ) => `sec:u:2048:1:CBF05EA18DB06A59:1795441188:::u:::cESC:::+:::23::0:
fpr:::::::::${primary}:
grp:::::::::EEE803D4ADF66840BCD291E2C02CD13AAECA0CB5:
uid:u::::1795441188::FAD3856F0F02440418E2CAF6EC5055CA0BF5164E::A <a@b>::::::::::0:
ssb:${validity}:2048:1:25708A6D91B579AA:1795441189::::::s:::${token}:::23:
fpr:::::::::${signing}:
ssb:u:2048:1:1111111111111111:1795441190::::::e:::+:::23:
fpr:::::::::2222222222222222222222221111111111111111:
`;

  test("their fingerprints, user ids and parts that sign", () => {
    expect(parseSecretKeys(listing())).toEqual([
      {
        fingerprint: openpgpFingerprint(primary),
        signing: [openpgpFingerprint(signing)],
        userIds: ["A <a@b>"],
      },
    ]);
  });

  test("a part that is elsewhere, expired or revoked does not sign", () => {
    expect(parseSecretKeys(listing("#"))[0]?.signing).toEqual([]);
    expect(parseSecretKeys(listing("+", "e"))[0]?.signing).toEqual([]);
    expect(parseSecretKeys(listing("+", "r"))[0]?.signing).toEqual([]);
    // On a smartcard: its serial number.
    expect(parseSecretKeys(listing("D2760001240103040006123456780000"))[0]?.signing).toHaveLength(1);
  });

  test("none", () => {
    expect(parseSecretKeys("")).toEqual([]);
  });
});
