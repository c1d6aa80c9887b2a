#pragma once
#include <fido.h>
#include <fido/es256.h>

/// Macros that Swift does not import.
static const int pulse_cose_es256 = COSE_ES256;
static const int pulse_fido_ok = FIDO_OK;
