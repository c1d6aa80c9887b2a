// What differs between the providers people have: where Pulse is registered there, and what its fields are called.
import { Kind } from "./sso";

export interface Vendor {
  key: string; name: string; kind: Kind; sub: string;
  /** What to do there, in its own words. */
  there: readonly string[];
  /** What is written into the form before anybody types. */
  initial: { issuerUrl?: string; groupsClaim?: string; scopes?: string; emailAttr?: string; groupsAttr?: string };
  issuerHint?: string; metadataHint?: string; groupsHint?: string;
}

export const vendors: readonly Vendor[] = [
  {
    key: "entra", name: "Microsoft Entra ID", kind: "oidc", sub: "Azure AD, Microsoft 365",
    there: [
      "Entra admin center, App registrations, New registration: accounts in this directory only, platform Web, and the redirect URL.", "Certificates & secrets: New client secret. Copy its value, not its ID.",
      "Token configuration: Add groups claim, security groups, for the ID token. Add the optional claim email.", "Authentication: the back-channel logout URL goes into Front-channel logout only where nothing else is offered.",
    ],
    initial: { issuerUrl: "https://login.microsoftonline.com/YOUR-TENANT-ID/v2.0", groupsClaim: "groups" }, issuerHint: "The tenant ID stands on the app's overview. Never /common: then anybody's directory would do.", groupsHint: "Entra sends object IDs of groups. People with very many groups send none; Pulse then asks Microsoft Graph.",
  },
  {
    key: "okta", name: "Okta", kind: "oidc", sub: "Also Auth0-like tenants of Okta",
    there: [
      "Applications, Create App Integration: OIDC, Web Application.", "Paste the sign-in redirect URI and the sign-out redirect URI; assign the people who may come.",
      "Sign On, OpenID Connect ID Token: Groups claim type Filter, name groups, Matches regex .* (or a narrower one).", "General: copy client ID and secret. The issuer is your Okta address.",
    ],
    initial: { issuerUrl: "https://YOUR-COMPANY.okta.com", groupsClaim: "groups", scopes: "openid profile email groups" }, issuerHint: "Without /oauth2/default, unless you use that authorization server.",
  },
  {
    key: "google", name: "Google Workspace", kind: "oidc", sub: "Google accounts of your company",
    there: ["Google Cloud console, APIs & Services, Credentials: Create OAuth client ID, Web application.", "OAuth consent screen: user type Internal, so that only your company's accounts come.", "Paste the redirect URL under Authorised redirect URIs; copy client ID and secret."],
    initial: { issuerUrl: "https://accounts.google.com" }, issuerHint: "Everybody has an account at this issuer: name your domains under who may come in.", groupsHint: "Google sends no groups by OpenID Connect; leave it empty, or use the SAML app.",
  },
  {
    key: "keycloak", name: "Keycloak", kind: "oidc", sub: "A realm of your own",
    there: ["Clients, Create client: OpenID Connect, Client authentication on, Standard flow only.", "Valid redirect URIs and Valid post logout redirect URIs: the values here. Backchannel logout URL too.", "Client scopes, dedicated: Add mapper, Group Membership, claim name groups, Full group path off.", "Credentials: copy the client secret."],
    initial: { issuerUrl: "https://keycloak.example.com/realms/YOUR-REALM", groupsClaim: "groups" }, issuerHint: "As in the realm's OpenID endpoint configuration.",
  },
  {
    key: "lemonldap", name: "LemonLDAP::NG", kind: "oidc", sub: "By OpenID Connect",
    there: ["Manager, OpenID Connect Relying Parties: Add one. Client ID and secret are yours to choose.", "Options, Basic: allowed redirection addresses. Options, Logout: allowed addresses after logout, and the back-channel URL with session required.", "Exported attributes: email, name; groups as an array. Signature algorithm RS256."],
    initial: { issuerUrl: "https://auth.example.com/", groupsClaim: "groups" }, issuerHint: "To the letter as in its discovery document, with or without the slash at its end.",
  },
  {
    key: "oidc", name: "Another, OpenID Connect", kind: "oidc", sub: "Any provider with a discovery document",
    there: ["Register a confidential web client with the authorization code flow and PKCE.", "Allow the redirect URL, and the URL after signing out.", "Let it put e-mail, name and groups into the ID token."],
    initial: { issuerUrl: "https://" }, issuerHint: "Below it lies /.well-known/openid-configuration.",
  },
  {
    key: "saml", name: "Another, SAML 2.0", kind: "saml", sub: "Any SAML identity provider, SimpleSAMLphp, ADFS, Shibboleth",
    there: ["Add a service provider there: by the metadata URL where that is offered, else with entity ID and ACS URL (HTTP-POST).", "Name ID: persistent, or another that never changes. Send the e-mail address and the groups as attributes.", "Sign the assertions. Copy its metadata address, or its metadata."],
    initial: { emailAttr: "mail", groupsAttr: "groups" }, metadataHint: "Fetched again by itself, so that a new certificate there is known here.",
  },
];

export const vendorOf = (key: string): Vendor | undefined => vendors.find((one) => one.key === key);
