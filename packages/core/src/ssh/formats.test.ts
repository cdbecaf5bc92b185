import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { formats, vector } from "../vectors-for-tests.ts";
import { readSshPrivateKey } from "./private-key.ts";
import { readSshKey } from "./public-key.ts";
import { SshFolder } from "./ssh-for-tests.ts";
import { verifySshsig } from "./sshsig.ts";
import { sshLine } from "./text.ts";

const folder = new SshFolder();
afterAll(() => {
  folder.run("gpgconf", ["--homedir", folder.at("gnupg"), "--kill", "all"]);
  folder.close();
});

const sessionKey = Uint8Array.from({ length: 32 }, (_, i) => i);
const bytes = (name: string) => Uint8Array.from(Buffer.from(vector(name), "base64"));
const privateKey = () => readSshPrivateKey(vector("sshprivate")).unlock(null);

describe("docs/formats.md tells, byte for byte,", () => {
  test("an SSH key and its fingerprint", async () => {
    const [line = "", fingerprint = ""] = vector("sshpublic").split("\n");
    const key = readSshKey(line);
    expect(key.fingerprint as string).toBe(fingerprint);
    expect(sshLine(key)).toBe(line);
    expect((await privateKey()).publicKey.bytes).toEqual(key.bytes);
  });

  test("a wrapped key for it", async () => {
    expect(bytes("sshwrapped")).toHaveLength(244);
    expect(await (await privateKey()).unwrap(bytes("sshwrapped"))).toEqual(sessionKey);
  });

  test("its signature over a commit", async () => {
    const key = await privateKey();
    const commit = Buffer.from(vector("commit"));
    verifySshsig(key.publicKey, commit, "commit", bytes("sshsignature"));
    expect(key.sign(commit, "commit")).toEqual(bytes("sshsignature"));
  });

  test("how age and plain gpg open a value", () => {
    mkdirSync(folder.at(".ssh"), { mode: 0o700 });
    mkdirSync(folder.at("gnupg"), { mode: 0o700 });
    folder.write(".ssh/id_ed25519", vector("sshprivate"));
    folder.write("wrapped", bytes("sshwrapped"));
    folder.write("body", bytes("body"));
    const [, commands = ""] = /^```sh\n([^`]*age -d[^`]*)^```$/m.exec(formats) ?? [];
    const env = [`HOME=${folder.path}`, `GNUPGHOME=${folder.at("gnupg")}`];
    expect(folder.run("env", [...env, "sh", "-c", commands]).toString()).toBe("hunter2");
  });
});

/** Made by OpenSSH 9.2 and age 1.1, in the same way. */
const rsa = {
  privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdzc2gtcn
NhAAAAAwEAAQAAAQEAkdMMK43Jdl66FkN27nd6dtlE+c5rHOcTJOVKHpDAVZKeDHwIFkAw
TxERjxyEA98A6N6caizt+SMt7I2nqJKBFen782QlfTsUghb8ZsuovZpIeEExfDjV5ijoxq
+e9GLHWJeBHKVH9ir7DvND57et3psycXGh4LWy1if0IlBggCzXwtJzEHAmT7+6sUMqliDT
e8+jYsX0Z9lfWmdR9KReNucD/3XlSNceRpEc+BtMihYnH0rthWxRb1mJBFfX95k7TinFqv
u3vbOmsTbe2szlkgO0IEQEhzB5Gd9FlHW7rMIapLtzuTOuRHFE5nCGDysaA8jTtSlVJRZD
3WOLav67kQAAA8i1MUY9tTFGPQAAAAdzc2gtcnNhAAABAQCR0wwrjcl2XroWQ3bud3p22U
T5zmsc5xMk5UoekMBVkp4MfAgWQDBPERGPHIQD3wDo3pxqLO35Iy3sjaeokoEV6fvzZCV9
OxSCFvxmy6i9mkh4QTF8ONXmKOjGr570YsdYl4EcpUf2KvsO80Pnt63emzJxcaHgtbLWJ/
QiUGCALNfC0nMQcCZPv7qxQyqWINN7z6NixfRn2V9aZ1H0pF425wP/deVI1x5GkRz4G0yK
FicfSu2FbFFvWYkEV9f3mTtOKcWq+7e9s6axNt7azOWSA7QgRASHMHkZ30WUdbuswhqku3
O5M65EcUTmcIYPKxoDyNO1KVUlFkPdY4tq/ruRAAAAAwEAAQAAAQACCFiPlNrdiQV8APW7
7jNpS67/8mYg0YG9TmrhkS/1IWWNk/8C3GMv/vNpNMMMUMPw+wVgH38zrU9bEEBpg51EAm
5uHpO9MqEfDRX4ktcnyWpALtxzOFGW8zQHbPRAwM25iOcWUKF3p3K3ayGjrbZBN5WU6joQ
6Ud0X7sx7T/jGXeHeUws9f/2IXjxfhmvLmBXsDd6vv2XF28lHh1fPM/xIvjYlDp297evuG
obm2EzAKqQGVQKKCM8yPQRzPV6aA823+FdzEF62RgrDeXoFvUsXIQG7bn8gGEeIq48+EG/
uV7CaS6mgwk5HUGZGBLp6mllOkw6eQbNiTTICzuyEZWpAAAAgQC710omCr7pXY65tPpcVW
5MifPCTD8RHLvz3E4nc959Yv5iuhNjS8m/iBJq0n6B2jTHh/1476+uNPuGNJLqkcxF6fAV
41lfLVCNCd30Mt4jLmtzJTVDyG5ferSBnof6LywdTjmquKBDDK7Auwh6ErExd3fIwsBFhl
vyBM/qQhe7swAAAIEAwyi68sK3RrNdxcaaYHmjSAp6ivLTAue/Ynf2oM1/yQ/TyoawSEAW
vbDLCJF7JKvpA4E3VyVLncqf5v15KT28y0cGSXOY6igcAoRyZLDn6bQ6xyKYoqjaY7nGMX
yLG8lirhNvQ6vAtAonqLyQAjZnPBOmyU6N+F8NwyiguY1yJwUAAACBAL9JArizHsNFGyzV
oQiGr0fi9BXJEu/LwnyFDBakOAJSHb0H0GPzQxEDmZHNejzHX9goi8WZquPd1z01haDAb6
uY+jjomqIeMF42jq6SdlrrLvb0fZY1qz5JUJoBo4Ww5WJCkPg6755oHNojhf68Or3zlPOg
H/qr9+Et0ip6IBAdAAAAD2pvZUBleGFtcGxlLmNvbQECAw==
-----END OPENSSH PRIVATE KEY-----
`,
  fingerprint: "ssh:SHA256:z4/mxlJI0cPCd7AXEo/+bsuh7yokwxdb9rMiTaW7380",
  wrapped: `YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNzaC1yc2EgejQvbXhnCkQ4TlIvcng0Y2t4RGtUcnFOWS9NT2V6Yk5PTXIyOVlNM3R2
aHF6dGhpTjhPNW9GUmE5ekFxQWxqWGp5SkplU2YKM0RQUXB5b1pXRVJJUWZoQkNhRDlCODUvU2lkNUs5bWFCcUFsTXZySGlnRW84
VnhBUFl6TE9uSEduWFYwMk55bQp4WnU0S0I4UEo5WW83NmQzeHRaRnIxTTBoMXVwZzYwMlp1eUtNQU1RZ2lPRjkzSExtWkhZREVU
d2RGVzVrZkdjCnBNcHQvTjlrdEZPa3VvaUlLU1lpMmN6SVNSS083OHV4NUQwZHpJd2hFM3ZraWtLTk02MkdhTjZ4MWdHc1ZNdXEK
a3ZUNjNMV1pkVlVreTBHd2k3ZlFiY2xBV3ZhbEo2OVAzVTlUeDNrZ0doR0tmNFcrSGx4K01oYzdxMk1NMmJsOApranVLWEQ4d2lY
V1UvM0ZSRG9na29RCi0tLSBqN0tadll0eEJnUVlBa0VDai9hYkZnc1h1Q1RBcDZKN2NsTGk3OThYeWdzCpDSkpCGwBMW2HJ7E5Kg
kbKedxQF7JNTrO3H1m4k+PYiqePrw1PrS13AIUbz0eoLWVQ7NkMLAgGdNHNBFn9OH7o=`,
};

test("the same of an RSA key is read, too", async () => {
  const key = await readSshPrivateKey(rsa.privateKey).unlock(null);
  expect(key.publicKey.fingerprint as string).toBe(rsa.fingerprint);
  expect(await key.unwrap(Buffer.from(rsa.wrapped, "base64"))).toEqual(sessionKey);
});
