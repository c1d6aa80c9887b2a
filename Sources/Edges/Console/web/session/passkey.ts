// Passkeys: what the browser keeps, and what the server wants to see of it (WebAuthn). Bytes travel as base64url.
import { post } from "../kit/api";
import { APIProblem } from "../kit/problem";
import { fresh } from "./fresh";

/** Browsers have them on https and on localhost alone. */
export const canUsePasskeys = (): boolean => typeof PublicKeyCredential !== "undefined" && "credentials" in navigator;

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** What the browser says when the person leaves its dialog, or has no fitting device. */
function said(error: unknown, otherwise: string): never {
  if (error instanceof DOMException && error.name === "InvalidStateError") throw new APIProblem("http", 409, { detail: "This device has a passkey for you already." });
  if (error instanceof DOMException) throw new APIProblem("http", 400, { detail: otherwise });
  throw error;
}

/** The DOM's types do not know the method yet; browsers with passkeys have it. */
type Attestation = AuthenticatorAttestationResponse & { getAuthenticatorData: () => ArrayBuffer };
interface Creation { challenge: string; rpId: string; userHandle: string; userName: string; excludeCredentials: string[] }

/** Makes one on this device, or on one it can reach, and has it kept. */
export async function addPasskey(name: string): Promise<void> {
  const told = await fresh(() => post<Creation>("/api/security/passkeys/begin"));
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: bytesOf(told.challenge), rp: { id: told.rpId, name: "Pulse" }, user: { id: bytesOf(told.userHandle), name: told.userName, displayName: told.userName },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }], authenticatorSelection: { residentKey: "required", userVerification: "required" }, attestation: "none",
      excludeCredentials: told.excludeCredentials.map((id) => ({ type: "public-key", id: bytesOf(id) })),
    },
  }).catch((error: unknown) => said(error, "No passkey was made. Nothing has changed."));
  const response = (made as PublicKeyCredential).response as Attestation;
  await post("/api/security/passkeys", { name, clientData: text(response.clientDataJSON), authenticatorData: text(response.getAuthenticatorData()) });
}

/** Signs in with whichever passkey the person picks: both steps in one. */
export async function signInByPasskey(rememberMe: boolean): Promise<void> {
  const told = await post<{ challenge: string; rpId: string }>("/api/login/passkey/begin");
  const used = await navigator.credentials.get({ publicKey: { challenge: bytesOf(told.challenge), rpId: told.rpId, userVerification: "required" } })
    .catch((error: unknown) => said(error, "No passkey was used. Log in another way, or try again."));
  const credential = used as PublicKeyCredential, response = credential.response as AuthenticatorAssertionResponse;
  await post("/api/login/passkey", {
    credentialId: text(credential.rawId), clientData: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData), signature: text(response.signature), rememberMe,
  });
}
