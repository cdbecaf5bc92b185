/**
 * Keys of nobody, whose private parts were thrown away. A login with a key that the store does not have is checked
 * against one of them, so that it takes as long as with a key that it has.
 */
import { Problem } from "@pstore/core/problem";
import { WireReader } from "@pstore/core/ssh/wire";

/**
 * A public key, in binary, to check a login's signature with that names an unknown key.
 * @param named the fingerprint that the login names, or whatever stands there
 */
export async function decoyFor(named: string, signature: Uint8Array): Promise<Uint8Array> {
  // The type is that of the key named: no signature makes a stored key another one.
  return named.startsWith("ssh:") ? await sshDecoyFor(named, signature) : openpgpDecoyFor(signature);
}

/**
 * An SSH signature brings its public key along. Where that is the one named, a store that had it would verify with it,
 * and so it is done here; where it is another, such a store would see that, and no more.
 */
async function sshDecoyFor(named: string, signature: Uint8Array): Promise<Uint8Array> {
  const { sshFingerprint } = await import("@pstore/core/ssh/public-key");
  const signer = signerOf(signature);
  // In its wire form alone: a stranger's OpenPGP key, with all its self-signatures, takes a thousand times as long to read.
  if (signer?.[0] === 0 && sshFingerprint(signer) === named) return signer;
  const isRsa = signer !== null && Buffer.from(signer.subarray(4, 11)).toString("latin1") === "ssh-rsa";
  return bytesOf(isRsa ? sshDecoys.rsa3072 : sshDecoys.ed25519);
}

/** The public key in an SSHSIG blob (PROTOCOL.sshsig): behind six octets and a version. */
function signerOf(signature: Uint8Array): Uint8Array | null {
  const reader = new WireReader(signature, (why) => new Problem("bad-signature", why));
  try {
    if (Buffer.from(reader.octets(6)).toString("latin1") !== "SSHSIG") return null;
    reader.uint32();
    return Uint8Array.from(reader.string());
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

function openpgpDecoyFor(signature: Uint8Array): Uint8Array {
  // In a version 4 signature packet the algorithm stands three octets behind the header (RFC 9580, section 5.2.3).
  const first = signature[0] ?? 0;
  const lengthOctets = (first & 0x40) === 0 ? 1 << (first & 3) : (signature[1] ?? 0) < 192 ? 1 : 2;
  return bytesOf(openpgpDecoys[signature[1 + lengthOctets + 2] ?? 0] ?? openpgpDecoys[1] ?? "");
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

/** In their wire form (RFC 4253, section 6.6), in base64. */
const sshDecoys = {
  rsa3072:
    "AAAAB3NzaC1yc2EAAAADAQABAAABgQDL4hLrqOS2hL+hQlCt+rB2jtEG5nYal4Ngfo/dY6wXRDD2JqpI2CXPgmHhoUpoFpDkc/Bndw1z5lt8IiwPfQQ1jzfi5E1kr1MirGsilpEteLFc1cUfaVsgOo+vqjlVHFQwY5Z82Y7zuovGXRwZoSt+dT7z6CqH19o5P8QFV2LgprA0E2OE9lJCUwywSe2DBR2urD8yupxxk1+sNEKxSHMMxnzMI37trBsn0w3XsT5rz+MglNqva6OM7aT/jg7NA0IVgqxuPyiy6OdW5EgVJLrg7E/FnSn9zulnI9OqQLVdKLkbFAAqpPGm6rVO/ljOvyocCe9cyJY3C8JRs/t5ktwpDHqDANwmoMfsq8d1/trrxGy9ffJSadswAHtktZMNjntkdU353K/mCZp/Jpr7pRs5frQoi1VMQo8cwikBcLdaw1Gc0Tri/+cLlto2BjKsMeKowcN1HISEGGBaB/jhTmEE5pKt2e8nePh++9lhdR3F8xh7aefW7mTFhWbihw6Jqw0=",
  ed25519: "AAAAC3NzaC1lZDI1NTE5AAAAIHHH+ao5KRW6Qi9T2hFmRjRbIvgiTm8DLAT8Q3nSrAL2",
};

/** Binary blocks in base64, by the number of their algorithm (RFC 9580, section 9.1). */
const openpgpDecoys: Readonly<Record<number, string>> = {
  /** rsa2048 */
  1: `mQENBGsEQ+gBCAD0bdpTpPtp7UEHDjDYSz5TfdohDdW64rjNFkVQnjMXBS0+TdCkOCiFNYP0qIrJigaCNrJSiYV3L4mZs8O8ZHPlqamvKc1LXDO/hM/I3pl0GCUPSA6FpwGaWpBKPPcsZn0dwOle3w5BlS2ADSNElG4Ka+47fEyUzL1pkXt+wOvPub2sScMO1i/4A2NOZRAhqtJthTNq5rJH/JIfbPrLpLJTIAzE/KTzX6wCaFPwgrzWFkCU0fmzvejZ/9UnYhD4cppigvVTIXiX+DuManblmsfSniAVfjyD8AvLXCiX+fSeIGYkujmeVQypvBOy9MAcjc1ZeCR4DleQwUoTrW4OuPZjABEBAAG0Jm5vYm9keSA8bm9ib2R5LXJzYTIwNDhAcHN0b3JlLmludmFsaWQ+iQFOBBMBCgA4FiEE42g1hi4L8sWcldvmLvPhhh7yaCAFAmsEQ+gCGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQLvPhhh7yaCD93Qf+JCRWU7ApV4EELiTqYdbrmnzO83ZduTkImkgNxfPyJmWrpL3KbpijO9bgLjOZ8GsWTNIlN/rsKpNGBMqcnQkjot2JRVVbRySs9t8qDunAn0GjFtpLe3lgibjSG4SXsmrTdh9lgJ2RRSBIZoCr/d8E6YUg+IozSBA2z6Og7CD5Ev6CJsHx9ud18Cqydgo8PiWS6XfP8x1SQ42uZKey3DKmsA43wzp42FnojePeeY6XV2v61q1GP7lDWF3aGT3bPVhoi4SoNn2WAZm1BEAluyVQBdVF7ihr+QF9ucECLnvToyCdUtI2YcM7gLlaMXc2Fsn11c18GfHrUhG6Bxj8owTTcrkBDQRrBEPoAQgAwMMN+4nqzTE5UaeH+lOumRNyRCDcnTGgUAepFlxwRWx8p58m79p2BlGq+/otIHTFDWPm94wQZIWWwaT71dHZHZuY3NPPcWeFEH92RgRJ71M1BO9f6aydEWwsMaw40V0ej8R6YE28VQoov4OPESK81Y/S2LZ/DQL/LyNIMGbJYth5f2W6XLNHLEEfkkcRFWZpvqtfyKZUdxp9VwkUiqamYO7awMkA5+fcKJLQQbnFAsdXsQcGwdJlBMw8bPTN2ma5pZiYCP/SidmnSLdzneY9Y2C5cg+8FjIxrIx5t62OkqLzLdeWVugrhZEE2tb9G17WnefPjEDZkTn5HGxr5J7PLQARAQABiQE2BBgBCgAgFiEE42g1hi4L8sWcldvmLvPhhh7yaCAFAmsEQ+gCGwwACgkQLvPhhh7yaCCnDAf+Im9/zje+8heJ7XHIqJJBGgnzXeoyo2WS4gNtCzXVaFepZ079AkCIrdh6AVgxSMrZeUL9U7ORQurlhyOxkldkj6PzpgHHeLi1bp79HCjUvOKRnN6xYDLAjk9CtkdAhJIcVTE6jyXYeIdZwwZjbf4b25//0MM/UsVI+kI1iFIEcZuvAJ1JDV9G0ZwniQ0hvnSonKC+lxVWcUuYmfNepHghE5lA7UMXIrCH57IOYumdoVqB7/+TojcqL/ETdjJ526u2dcDBYWtZRvVuuKbENQhh20f0cc2vNkBdv3v5w/r88tlN5qm2VnsXNCP5UBz7sFWVD/cnIsgTk2xNw4A9f+nS3Q==`,
  /** ed25519 */
  22: `mDMEawRD6BYJKwYBBAHaRw8BAQdAsLO9WhXzY8fyd35DHvSVsPwuabLebLrTZx+O/doRP7y0Jm5vYm9keSA8bm9ib2R5LWVkMjU1MTlAcHN0b3JlLmludmFsaWQ+iJAEExYIADgWIQQ8F5/18RBT/D1Qx0i16Jlne7x5AQUCawRD6AIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRC16Jlne7x5ATttAP9+viHxseiGA5AXaD7SAeks2KNkP0T/Bqm4kjcKemh4tgEA5DClsqPA9p9ShNlBvSNUnJUqpwjkrH846FJqar7TAgS4OARrBEPoEgorBgEEAZdVAQUBAQdAVM15WZCIVoDANGfVKMZR1sgadupTp3kafYqnxZjlBTsDAQgHiHgEGBYIACAWIQQ8F5/18RBT/D1Qx0i16Jlne7x5AQUCawRD6AIbDAAKCRC16Jlne7x5AXdHAP4/3NzyHWHyrnfWHqnwbj+bnTnRn985Bnbc+b2PpBs3xAEAxUzt1aqAxjGYASX9mqqlxAo3NKtWURmrg152/kKSfQo=`,
  /** nistp256 */
  19: `mFIEawRD6BMIKoZIzj0DAQcCAwShcqYIfVFyo/9Ndd5KSWf4uvSKI+4BPXY7zmwvW6i2E2Gr1+Bc3dbDlAy08bLf1qCoGFYWMSs2JPgNAuwaSOs6tCdub2JvZHkgPG5vYm9keS1uaXN0cDI1NkBwc3RvcmUuaW52YWxpZD6IkAQTEwgAOBYhBLOWce4paxArU/zg5g+zWYtZt1FLBQJrBEPoAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJEA+zWYtZt1FLHPYA/2wmc7D12aTUzcuIhjhP+21u3B6lZaX0tobFHdSopW6RAP9iBCVaAZ4e4PXEC0V216pjfMWYm/sTMkTCtEd0U9W8VbhWBGsEQ+gSCCqGSM49AwEHAgMEkoHHwNQ/G2M5V4ehEBy9ulcCKoir6g9GZ4OqhM4gjHEy1MUOXi9Hnd3eB4pp8F8Tr2AK+hH56+LFgoxAmT6d0wMBCAeIeAQYEwgAIBYhBLOWce4paxArU/zg5g+zWYtZt1FLBQJrBEPoAhsMAAoJEA+zWYtZt1FLKvAA/3dniB5BB4suWLn4WM4Fy3nt2f/KdXmJma1CKV8bw1UYAQD7zvKrRqKJG4w4B07/x5J7VgjKi3VqreafrFN3RjZsuw==`,
};
