internal import CoreMetrics

/// `pulse_mail_messages_total{outcome}`: what became of mails.
enum MailMetrics {
    enum Outcome: String, CaseIterable { case sent, retried, failed, refused }

    static func count(_ outcome: Outcome) {
        Counter(label: "pulse_mail_messages_total", dimensions: [("outcome", outcome.rawValue)]).increment()
    }
}
