// Proving that one knows a password without sending it: SRP-6a (RFC 5054, 2048 bits, SHA-256). Loaded when it is wanted.
import { post } from "../kit/api";
import { APIProblem } from "../kit/problem";

const prime = BigInt("0x"
  + "AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13D"
  + "D52312AB4B03310DCD7F48A9DA04FD50E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B8"
  + "55F97993EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773BCA97B43A23FB801676BD207A436C6481"
  + "F1D2B9078717461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6"
  + "AF874E7303CE53299CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F5475"
  + "9B65E372FCD68EF20FA7111F9E4AFF73");
const generator = BigInt(2), zero = BigInt(0), one = BigInt(1), eight = BigInt(8);
const groupBytes = 256, saltBytes = 16, iterations = 650_000;

interface Handshake { sessionId: string; salt: string; kdfSalt: string; iterations: number; group: string; serverPublic: string }
export interface Proof { sessionId: string; clientPublic: string; clientProof: string; serverProof: string }
export interface Verifier { salt: string; kdfSalt: string; verifier: string }

/** What the server must not weaken: a handshake with fewer rounds would make guessing cheap. */
const fewestIterations = 600_000;

/** Begins with the server and works out the proof. `serverProof` is what an honest server answers. */
export async function prove(email: string, password: string): Promise<Proof> {
  subtle();
  const identity = email.trim().toLowerCase();
  const begun = await post<Handshake>("/api/auth/srp/init", { email: email.trim() });
  const theirs = number(bytesOf(begun.serverPublic)), salt = bytesOf(begun.salt);
  if (begun.group !== "rfc5054-2048" || begun.iterations < fewestIterations || theirs % prime === zero) {
    throw refusal("The server began in a way that this page does not trust. Nothing was sent.");
  }
  const key = await keyOf(password, bytesOf(begun.kdfSalt), begun.iterations);
  const secret = number(crypto.getRandomValues(new Uint8Array(32)));
  const ours = power(generator, secret);
  const multiplier = number(await hash(bytes(prime), padded(generator)));
  const scrambler = number(await hash(padded(ours), padded(theirs)));
  const base = modulo(theirs - multiplier * power(generator, key));
  const shared = await hash(bytes(power(base, secret + scrambler * key)));
  const mixed = xor(await hash(bytes(prime)), await hash(bytes(generator)));
  const proof = await hash(mixed, await hash(new TextEncoder().encode(identity)), salt, bytes(ours), bytes(theirs), shared);
  return { sessionId: begun.sessionId, clientPublic: hex(bytes(ours)), clientProof: hex(proof), serverProof: hex(await hash(bytes(ours), proof, shared)) };
}

/** What the server keeps in the place of a password. */
export async function verifierOf(password: string): Promise<Verifier> {
  subtle();
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes)), kdfSalt = crypto.getRandomValues(new Uint8Array(saltBytes));
  return { salt: hex(salt), kdfSalt: hex(kdfSalt), verifier: hex(bytes(power(generator, await keyOf(password, kdfSalt, iterations)))) };
}

/** A server that cannot prove it knew the verifier is not the one that keeps it. */
export function checkServer(proof: Proof, told: string | undefined): void {
  if (told?.toLowerCase() !== proof.serverProof) throw refusal("The server could not prove who it is. Tell whoever runs it, and do not go on here.");
}

const refusal = (detail: string): APIProblem => new APIProblem("http", 400, { detail });

function subtle(): SubtleCrypto {
  // browsers lend it to pages that came over https, and to this machine's own
  if (!crypto.subtle) throw refusal("This needs https: over plain http a browser does not lend its cryptography to a page.");
  return crypto.subtle;
}

async function keyOf(password: string, salt: Uint8Array, rounds: number): Promise<bigint> {
  const typed = new TextEncoder().encode(password.normalize("NFKC"));
  const stretched = await subtle().deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, await subtle().importKey("raw", typed, "PBKDF2", false, ["deriveBits"]), 256);
  const key = await subtle().deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new TextEncoder().encode("srp-x") },
    await subtle().importKey("raw", stretched, "HKDF", false, ["deriveBits"]), 256);
  return number(new Uint8Array(key));
}

async function hash(...parts: Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return new Uint8Array(await subtle().digest("SHA-256", whole));
}

const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime;

function power(base: bigint, exponent: bigint): bigint {
  let result = one, square = modulo(base);
  for (let rest = exponent; rest > zero; rest >>= one) {
    if (rest & one) result = result * square % prime;
    square = square * square % prime;
  }
  return result;
}

function number(from: Uint8Array): bigint {
  return from.length === 0 ? zero : BigInt(`0x${hex(from)}`);
}

/** Big-endian, without leading zeros. */
function bytes(value: bigint): Uint8Array {
  const result: number[] = [];
  for (let rest = value; rest > zero; rest >>= eight) result.push(Number(BigInt.asUintN(8, rest)));
  return new Uint8Array(result.reverse());
}

function padded(value: bigint): Uint8Array {
  const short = bytes(value), long = new Uint8Array(groupBytes);
  long.set(short, groupBytes - short.length);
  return long;
}

const xor = (left: Uint8Array, right: Uint8Array): Uint8Array => left.map((byte, index) => byte ^ (right[index] ?? 0));
const hex = (from: Uint8Array): string => Array.from(from, (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (text: string): Uint8Array => new Uint8Array((text.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
