#pragma once
// Of libxml2 the tree and nothing else. The headers of xmlsec are not here: what they mean depends on macros that only
// the shim is built with.
// libxml2's headers would bring those of ICU along, which Foundation has too, in another version: programs that see both would
// not build. Of the structures that we use none is another one without it.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/tree.h>
