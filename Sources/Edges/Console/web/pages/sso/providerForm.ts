// A provider as a form holds it, and as the wire wants it.
import { Kind, listed, Provider } from "./sso";
import { Vendor } from "./vendors";

export interface Group { group: string; role: string }
export interface ProviderValues extends Record<string, string> {
  id: string; displayName: string; issuerUrl: string; clientId: string; clientSecret: string; scopes: string; groupsClaim: string; emailClaim: string;
  idpMetadataUrl: string; idpMetadataXml: string; emailAttr: string; groupsAttr: string; allowedDomains: string; allowedEmails: string; allowedGroups: string; defaultRole: string;
}

const text = (value: unknown): string => typeof value === "string" ? value : Array.isArray(value) ? value.join(" ") : "";

/** An id that nobody has: a part of the addresses that are pasted over there, so it is settled before. */
export function freeID(key: string, taken: readonly string[]): string {
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? key : `${key}-${number}`;
    if (!taken.includes(id)) return id;
  }
}

export function valuesOf(provider: Provider | undefined, vendor: Vendor, id: string): ProviderValues {
  const oidc = provider?.oidc ?? {}, saml = provider?.saml ?? {}, initial = provider ? {} : vendor.initial;
  return {
    id: provider?.id ?? id, displayName: provider ? provider.displayName || provider.name : vendor.key === "oidc" || vendor.key === "saml" ? "" : vendor.name,
    issuerUrl: text(oidc["issuerUrl"]) || initial.issuerUrl || "", clientId: text(oidc["clientId"]), clientSecret: "", scopes: text(oidc["scopes"]) || initial.scopes || "openid profile email",
    groupsClaim: text(oidc["groupsClaim"]) || initial.groupsClaim || "", emailClaim: text(oidc["emailClaim"]) || "email",
    idpMetadataUrl: text(saml["idpMetadataUrl"]), idpMetadataXml: text(saml["idpMetadataXml"]), emailAttr: text(saml["emailAttr"]) || initial.emailAttr || "", groupsAttr: text(saml["groupsAttr"]) || initial.groupsAttr || "",
    allowedDomains: (provider?.allowedDomains ?? []).join(", "), allowedEmails: (provider?.allowedEmails ?? []).join(", "), allowedGroups: (provider?.allowedGroups ?? []).join(", "),
    defaultRole: provider?.defaultRole ?? "viewer",
  };
}

export function checkValues(values: ProviderValues, kind: Kind): Partial<Record<keyof ProviderValues, string>> {
  const isOIDC = kind === "oidc";
  const isAddress = /^https?:\/\/[^\s/]+/.test(values.issuerUrl.trim()), isOpen = /YOUR-/.test(values.issuerUrl);
  return {
    id: /^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?$/.test(values.id) ? undefined : "Letters, digits, - and _, at most 64.",
    displayName: values.displayName.trim() === "" ? "What the button on the login page says." : undefined,
    issuerUrl: isOIDC && (!isAddress || isOpen) ? isOpen ? "Put your own in the place of the capitals." : "An address that begins with https://." : undefined,
    clientId: isOIDC && values.clientId.trim() === "" ? "It is shown where Pulse was registered." : undefined,
    idpMetadataUrl: !isOIDC && values.idpMetadataUrl.trim() === "" && values.idpMetadataXml.trim() === "" ? "Its address, or the metadata itself below." : undefined,
  };
}

/** Only what is said is changed; a secret that is not typed stays. */
export function bodyOf(values: ProviderValues, kind: Kind, groups: readonly Group[], jit: boolean, isNew: boolean): Record<string, unknown> {
  const shared = {
    name: values.displayName.trim(), displayName: values.displayName.trim(), jit, defaultRole: values.defaultRole,
    allowedDomains: listed(values.allowedDomains), allowedEmails: listed(values.allowedEmails), allowedGroups: values.allowedGroups.split(",").map((one) => one.trim()).filter(Boolean),
    groupRoleMappings: Object.fromEntries(groups.filter((one) => one.group.trim()).map((one) => [one.group.trim(), one.role])),
  };
  const settings = settingsOf(values, kind);
  return { ...shared, [kind]: isNew && kind === "saml" ? { ...settings, allowUnencrypted: true } : settings };
}

export function settingsOf(values: ProviderValues, kind: Kind): Record<string, unknown> {
  return kind === "oidc"
    ? {
      issuerUrl: values.issuerUrl.trim(), clientId: values.clientId.trim(), ...values.clientSecret ? { clientSecret: values.clientSecret.trim() } : {}, scopes: listed(values.scopes),
      groupsClaim: values.groupsClaim.trim() || null, emailClaim: values.emailClaim.trim() || null,
    }
    : {
      idpMetadataUrl: values.idpMetadataUrl.trim() || null, idpMetadataXml: values.idpMetadataUrl.trim() ? null : values.idpMetadataXml.trim() || null,
      emailAttr: values.emailAttr.trim() || null, groupsAttr: values.groupsAttr.trim() || null,
    };
}
