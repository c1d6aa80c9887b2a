// OperatorSignOn: identity providers of the installation let operators in, at the operators' door and nowhere else.
// Owns: those providers, sign-ins under way there, whom a provider means by a subject, what a session rests on, its end, and
// whether passwords open the door beside them.
// Leaves to others: operators' accounts, sessions and log (OperatorPlane), speaking with providers (SignOnKit).
// Tempting wrong step: a provider of an organisation here, or one of these there. Tables, roles, cookies and addresses are
// apart, and so no customer's administrator can make an operator.
package import HTTPKit
internal import Identity
internal import Kernel
package import OperatorPlane
internal import Postgres
package import SignOnKit
internal import Vault

/// What the features of this room share.
package struct OperatorSignOn: Sendable {
    let operators: OperatorContext
    let dialogue: ProviderDialogue

    package init(_ operators: OperatorContext, _ dialogue: ProviderDialogue) {
        (self.operators, self.dialogue) = (operators, dialogue)
    }

    /// As pulse_operator.
    var staff: Database { operators.staff }
    var vault: SecretVault { operators.identity.vault }
    var time: any TimeSource { operators.time }
    /// Who acts where a provider's word does and nobody is signed in.
    static let job = Principal.system(job: "operator-sign-on")

    /// Every route of this room, for the operators' listener.
    package var endpoints: [Endpoint] {
        OperatorProviderRoutes(self).endpoints + OperatorDoorRoutes(self).endpoints
            + OperatorRuleRoutes(self).endpoints + OperatorLinkRoutes(self).endpoints
    }
}

extension Problem {
    static let operatorProviderNotFound = Problem(
        "operator-provider-not-found", status: 404, title: "No such identity provider")
    static let operatorProviderExists = Problem(
        "operator-provider-exists", status: 409, title: "There is a provider with this id", field: "id",
        code: "duplicate_id")
    static let operatorProviderLimit = Problem(
        "operator-provider-limit", status: 409, title: "Enough identity providers",
        detail: "An installation may have \(OperatorProviderStore.limit); remove one first.")
    static let operatorProviderNeeded = Problem(
        "operator-provider-needed", status: 409, title: "Operators would be locked out",
        detail: """
            Without passwords one provider has to be switched on, and whoever leaves passwords behind has to be here by one. \
            Switch another provider on first, or passwords.
            """)
    static let operatorLinkNotFound = Problem("operator-link-not-found", status: 404, title: "No such link")
    static let operatorLinkTaken = Problem(
        "operator-link-taken", status: 409, title: "This subject is an operator already", field: "subject")
    static let codeNotWanted = Problem(
        "code-not-wanted", status: 409, title: "No sign-in of this browser waits for a code",
        detail: "It waits five minutes; begin at the provider again.")
}

extension SSORefusal {
    static let notLinked = SSORefusal(
        "not_linked", "No operator's account is linked to this subject of the provider.")
    static let secondFactorMissing = SSORefusal(
        "second_factor_missing",
        "The provider does not say that it asked for a second factor, and the account has no authenticator here.")
    static let noAddress = SSORefusal(
        "no_address", "The provider does not vouch for an address, and an account wants one.")
    static let addressTaken = SSORefusal(
        "address_taken",
        "An operator's account has this address already; it has to be linked by its person or an admin.")
    static let accountShut = SSORefusal("account_disabled", "The operator's account is disabled.")
}
