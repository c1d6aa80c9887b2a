import SignedXML
import Testing

struct Base64TextTests {
    @Test("what was written is read again", arguments: 1...40)
    func roundTrip(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91) }
        #expect(Base64Text.decode(Base64Text.encode(bytes)) == bytes)
    }

    @Test("white space is passed over, and padding may be missing", arguments: ["YW5h IA==", "YW5hIA", "YW\r\n5hIA=="])
    func lenient(text: String) { #expect(Base64Text.decode(text) == Array("ana ".utf8)) }

    @Test(
        "what is no base64 is none",
        arguments: ["", " ", "=", "Y", "YW5h=", "YW==5h", "YW5hI", "YW5h!A==", "YW5h-_==", "YW5hIA=", "YW5hIA==="])
    func nonsense(text: String) { #expect(Base64Text.decode(text) == nil) }
}
