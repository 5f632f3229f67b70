/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest programs: an ELF file that reads one byte of stdin and exits with 7 (so that it can be kept running), and a script. */
#ifndef SANDLOCK_TESTS_DIFFERENTIAL_TINY_H
#define SANDLOCK_TESTS_DIFFERENTIAL_TINY_H

#include <elf.h>
#include <stdint.h>

#define TINY_SCRIPT "#!/fileops exit-with-8\n"
#define TINY_BASE   0x400000

#if defined(__x86_64__)
#define TINY_MACHINE EM_X86_64
/* clang-format off */
#define TINY_CODE { \
	0x31, 0xc0,			/* xor eax, eax: read */ \
	0x31, 0xff,			/* xor edi, edi */ \
	0x48, 0x8d, 0x74, 0x24, 0xf0,	/* lea rsi, [rsp - 16] */ \
	0xba, 1, 0, 0, 0,		/* mov edx, 1 */ \
	0x0f, 0x05,			/* syscall */ \
	0xb8, 60, 0, 0, 0,		/* mov eax, 60: exit */ \
	0xbf, 7, 0, 0, 0,		/* mov edi, 7 */ \
	0x0f, 0x05 }
#elif defined(__aarch64__)
#define TINY_MACHINE EM_AARCH64
#define TINY_CODE { \
	0xe8, 0x07, 0x80, 0xd2,	/* mov x8, 63: read */ \
	0x00, 0x00, 0x80, 0xd2,	/* mov x0, 0 */ \
	0xe1, 0x43, 0x00, 0xd1,	/* sub x1, sp, 16 */ \
	0x22, 0x00, 0x80, 0xd2,	/* mov x2, 1 */ \
	0x01, 0x00, 0x00, 0xd4,	/* svc 0 */ \
	0xa8, 0x0b, 0x80, 0xd2,	/* mov x8, 93: exit */ \
	0xe0, 0x00, 0x80, 0xd2,	/* mov x0, 7 */ \
	0x01, 0x00, 0x00, 0xd4 }
#endif
/* clang-format on */

struct tiny {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	uint8_t code[32];
};

static const struct tiny tiny_program = {
	.head =
		{
			.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				    EV_CURRENT},
			.e_type = ET_EXEC,
			.e_machine = TINY_MACHINE,
			.e_version = EV_CURRENT,
			.e_entry = TINY_BASE + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
	.segment =
		{
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = TINY_BASE,
			.p_filesz = sizeof(struct tiny),
			.p_memsz = sizeof(struct tiny),
			.p_align = 4096,
		},
	.code = TINY_CODE,
};

#endif
