#pragma once
// Of libxml2 the tree and nothing else. The headers of xmlsec are not here: what they mean depends on macros that only
// the shim is built with.
#include <libxml/tree.h>
