internal import Cryptography
package import HTTPKit
package import JSONKit
internal import Kernel
package import SAML

/// How a browser gets to a provider.
package enum Departure: Sendable {
    case redirect(String)
    /// A form that is posted there.
    case form(SAMLOutgoing)

    package init(_ outgoing: SAMLOutgoing) {
        switch outgoing {
        case .redirect(let url): self = .redirect(url)
        case .post: self = .form(outgoing)
        }
    }

    /// For a browser that came by itself.
    package var response: APIResponse {
        switch self {
        case .redirect(let url): .redirect(to: url, status: 302)
        case .form(let form): Self.page { form.page(nonce: $0) ?? "" }
        }
    }

    /// A page whose one script takes a form away from here: no page of the console may do that.
    private static func page(_ html: (_ nonce: String) -> String) -> APIResponse {
        let nonce = Base64URL.encode(Randomness.system.bytes(16))
        return APIResponse.text(html(nonce), type: "text/html; charset=utf-8")
            .with(
                header: "content-security-policy",
                "default-src 'none'; script-src 'nonce-\(nonce)'; frame-ancestors 'none'; base-uri 'none'; form-action https: http:"
            )
    }
}

// For a page of the console, which goes there by itself.
extension Departure {
    /// One of the two; neither: there is nowhere to go.
    package static let schema = Schema.object([
        "url": .string.described("Where the browser goes").optional,
        "form": .object([
            "action": .string.described("Where it is posted"),
            "fields": .array(.object(["name": .string, "value": .string]), maxItems: 8),
        ]).described("What the browser posts instead; the console does by way of /api/sso/leave").optional,
    ])

    /// Writes the members of an object.
    package func tell(_ json: inout JSONWriter) {
        switch self {
        case .redirect(let url), .form(.redirect(let url)): json.member("url", url)
        case .form(.post(let action, let fields)):
            json.object("form") { json in
                json.member("action", action)
                json.array("fields") { json in
                    for field in fields {
                        json.object { json in
                            json.member("name", field.name)
                            json.member("value", field.value)
                        }
                    }
                }
            }
        }
    }

    package var told: APIResponse { .json { tell(&$0) } }

    /// The page by which a tab of the console leaves with a form: it posts what the tab has put down for it.
    package static var leaving: APIResponse {
        page { nonce in
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Leaving for your provider</title></head><body>\
            <noscript>This page needs scripts.</noscript><script nonce="\(nonce)">
            const key = "pulse-departure", kept = sessionStorage.getItem(key);
            sessionStorage.removeItem(key);
            if (kept === null) location.replace("/");
            else {
              const { action, fields } = JSON.parse(kept), form = document.createElement("form");
              [form.method, form.action] = ["post", action];
              for (const { name, value } of fields) {
                const input = document.createElement("input");
                [input.type, input.name, input.value] = ["hidden", name, value];
                form.append(input);
              }
              document.body.append(form);
              form.submit();
            }
            </script></body></html>
            """
        }
    }
}
