// EstateApp: whole estates of other people's platforms, played over their real protocols, for demos, tests and load.
// Owns the model (`Model`: pure values of seed and time), the faces (`PVE`), the faults, the labels (hidden truth and
// labelled observations) and the server around them. Links no room of the server it is used against.
// Leaves to others what is made of the answers. A further platform is a further face on the same model.
// Tempting wrong step: keeping state that advances. What an estate is at a moment follows from seed, moment and the
// forced events alone, so that two runs agree, history is the same curve as the present, and clocks may jump.

package enum EstateRelease {
    package static let version = "0.1.0"
}
