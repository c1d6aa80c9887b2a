#pragma once
#include <openssl/bn.h>
