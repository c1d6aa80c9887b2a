/// A value that can be used but not shown. Reading it is a visible act in the code.
package struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: Value
    package init(_ value: Value) { self.value = value }
    package func reveal() -> Value { value }
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
