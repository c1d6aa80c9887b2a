/// The version of this source; a release is a tag of the same name.
package enum PulseVersion {
    package static let current = "0.1.0"
}
