/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer entry point of the profile compiler: any profile that the parser takes becomes a filter or an error. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "libocispec/oci_config.h"
#include "libocispec/oci_error.h"
#include "libocispec/oci_types.h"
#include "seccomp/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_profile filter = {0};
	struct oci_seccomp *profile = NULL;
	cleanup_err struct err *err = NULL;

	if (oci_seccomp_parse((const char *)data, size, &profile, NULL) < 0)
		return 0;
	if (seccomp_profile_compile(profile, &filter, &err) == 0) {
		/* the last instruction of a filter returns */
		if (filter.len > 0 && (filter.insns[filter.len - 1].code & 7) != BPF_RET)
			abort();
		seccomp_profile_done(&filter);
	} else if (!err || err_msg(err)[0] == '\0') {
		abort();
	}
	oci_seccomp_free(profile);
	return 0;
}
