/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seccomp filters, executed by a small interpreter: only the instructions that builders emit; anything else ends the test. */
#ifndef SANDLOCK_TESTS_BPF_H
#define SANDLOCK_TESTS_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>

#include "tests/lib/tap.h"

/* The verdict; *ret_steps (if not NULL): instructions that were executed. */
__attribute__((unused)) static uint32_t bpf_run(const struct sock_filter *insns, unsigned len,
						const struct seccomp_data *data,
						unsigned *ret_steps)
{
	unsigned steps = 0;
	uint32_t a = 0;

	for (unsigned pc = 0; pc < len; pc++) {
		const struct sock_filter *i = &insns[pc];

		steps++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			if (ret_steps)
				*ret_steps = steps;
			return i->k;
		default:
			bail("unknown instruction %x at %u", i->code, pc);
		}
	}
	bail("the filter falls off its end");
}

#endif
