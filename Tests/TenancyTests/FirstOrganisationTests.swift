import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import Tenancy
import TestKit
import Testing

@Suite(.postgres) struct FirstOrganisationTests {
    private let email = EmailAddress("demo@example.com")!
    private let password = Secret("a demo password 1")

    private func make() -> FirstOrganisation {
        FirstOrganisation(database: TestDatabase.current.app, passwords: FrontDoor.passwords, time: ManualTime())
    }

    @Test("the owner can sign in, and doing it again finds the same organisation")
    func twice() async throws {
        let first = try await make().ensure("Demo", owner: email, password: password)
        for _ in 0..<5 {
            let again = try await make().ensure("Demo", owner: email, password: password)
            #expect(again == first)
        }
        let login = await (try FrontDoor()).browser().send(
            .post, "/api/login", ["username": "demo@example.com", "password": .string(password.reveal())])
        #expect(login.json["organizations"]?.array?.map { $0["id"]?.string } == ["\(first.org)"])
        let actors = try await TestDatabase.current.app.rows(
            in: first.org, "SELECT actor FROM audit_entries WHERE action = 'organisation.create'"
        ) {
            try $0.next(String.self)
        }
        #expect(actors == ["system:bootstrap"])
    }

    @Test("another name makes another organisation of the same person")
    func another() async throws {
        let first = try await make().ensure("Demo", owner: email, password: password)
        let second = try await make().ensure("Demo Two", owner: email, password: password)
        #expect(first.user == second.user)
        #expect(first.org != second.org)
    }

    @Test("an account with another password is not touched, and what does not fit is refused")
    func refused() async throws {
        _ = try await make().ensure("Demo", owner: email, password: password)
        for (name, password) in [("Demo", "another password 2"), ("Demo", "short"), ("x", "a demo password 1")] {
            await #expect(throws: Problem.self) {
                try await make().ensure(name, owner: email, password: Secret(password))
            }
        }
    }
}
