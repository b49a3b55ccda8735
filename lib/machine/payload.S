/* SPDX-License-Identifier: ISC */
/*
 * payload: a guest of a few hundred bytes that tells an accelerator that
 * works from one that only opens.  It is the firmware of its machine, so no
 * other code runs; see accel.c for the machine and for what is asked of it.
 *
 * Each thing that worked is a letter on the debug port.  The last one is
 * followed by a full stop: what comes without it is a failure.
 */
#if defined(__APPLE__)
#define SYM(name) _##name
	.const
#else
#define SYM(name) name
	.section .rodata, "a"
#endif
	.globl SYM(payload), SYM(payload_end)
	.balign 16

#if defined(__x86_64__)
/*
 * x86_64.  The start of the 64 KiB at F000:0000, which the reset vector jumps
 * to.  Letters by port e9, the end by isa-debug-exit.
 *
 *	R real mode	P protected mode	L long mode, paging
 *	C cmpxchg16b	S SSE2			B a breakpoint's return
 *	F a page mapped when it is touched	W a write to a read-only page
 *	U 1000 system calls from user mode	M two million memory cycles
 */
	.set	ROM, 0xf0000
	.set	STACK, 0x7c00
	.set	PML4, 0x10000	/* page tables: one page each */
	.set	PDPT, 0x11000
	.set	PD0, 0x12000
	.set	PD1, 0x13000
	.set	DATA, 0x20000
	.set	IDT, 0x21000
	.set	FAULTS, 0x22000
	.set	LATE, 0x40000000	/* not mapped until it is touched */
	.set	READ_ONLY, 0x200000
	.set	LOOP, 0x300000

	.macro at reg, label	/* where the label will be */
	movl	$(\label - SYM(payload) + ROM), \reg
	.endm
	.macro gate vector, label
	at	%eax, \label
	movw	%ax, IDT + 16 * \vector
	.endm
	.macro done letter
	movb	$\letter, %al
	outb	%al, $0xe9
	.endm

	.code16
SYM(payload):
	cli
	cld
	done	'R'
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	$STACK, %sp
	movw	$0xf000, %ax
	movw	%ax, %ds
	lgdtl	gdtr - SYM(payload)
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$0x08, $(protected - SYM(payload) + ROM)

	.code32
protected:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$STACK, %esp
	done	'P'
	movl	$PML4, %edi
	xorl	%eax, %eax
	movl	$0x4000 / 4, %ecx
	rep stosl
	movl	$(PDPT + 7), PML4
	movl	$(PD0 + 7), PDPT
	movl	$PD0, %edi	/* the first GiB in pages of 2 MiB */
	movl	$0x87, %eax
	movl	$512, %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b
	movl	%cr4, %eax
	orl	$0x620, %eax	/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x101, %eax	/* EFER: LME, SCE */
	wrmsr
	movl	%cr0, %eax
	andl	$~4, %eax
	orl	$0x80010002, %eax	/* PG, WP, MP */
	movl	%eax, %cr0
	ljmpl	$0x18, $(long_mode - SYM(payload) + ROM)

	.code64
long_mode:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$STACK, %esp
	done	'L'

	movl	$DATA, %esi
	xorl	%eax, %eax
	xorl	%edx, %edx
	movq	%rax, (%rsi)
	movq	%rax, 8(%rsi)
	movl	$0x11223344, %ebx
	movl	$0x55667788, %ecx
	lock cmpxchg16b (%rsi)
	jnz	failed
	cmpq	%rcx, 8(%rsi)
	jne	failed
	done	'C'

	movdqu	(%rsi), %xmm0
	paddq	%xmm0, %xmm0
	movdqu	%xmm0, 16(%rsi)
	cmpl	$0x22446688, 16(%rsi)
	jne	failed
	done	'S'

	movl	$IDT, %edi	/* 32 gates to failed, then ours */
	movl	$32, %ecx
	at	%eax, failed
1:	movw	%ax, (%rdi)
	movl	$0x8e000018, 2(%rdi)	/* selector; present, interrupt */
	movw	$(ROM >> 16), 6(%rdi)
	movq	$0, 8(%rdi)
	addq	$16, %rdi
	loop	1b
	gate	3, breakpoint
	gate	14, page_fault
	at	%eax, idtr
	lidt	(%rax)
	xorl	%ebx, %ebx
	int3
	cmpl	$1, %ebx
	jne	failed
	done	'B'

	movl	$0, FAULTS
	movl	$LATE, %eax
	movq	$5, (%rax)
	cmpq	$5, (%rax)
	jne	failed
	cmpl	$1, FAULTS
	jne	failed
	done	'F'

	movl	$(READ_ONLY + 0x85), PD0 + 8
	movl	$READ_ONLY, %eax
	invlpg	(%rax)
	movb	$1, (%rax)
	cmpl	$2, FAULTS
	jne	failed
	done	'W'

	xorl	%edx, %edx
	movl	$0xc0000082, %ecx	/* LSTAR */
	at	%eax, kernel
	wrmsr
	movl	$0xc0000084, %ecx	/* FMASK: interrupts */
	movl	$0x200, %eax
	wrmsr
	movl	$0xc0000081, %ecx	/* STAR: kernel 18, user 23 */
	xorl	%eax, %eax
	movl	$0x00200018, %edx
	wrmsr
	movl	$1000, %r15d
	xorl	%ebx, %ebx
to_user:
	at	%ecx, user
	movl	$2, %r11d
	sysretq
user:
	incl	%ebx
	syscall
kernel:
	decl	%r15d
	jnz	to_user
	movw	$0x10, %ax
	movw	%ax, %ss
	movl	$STACK, %esp
	cmpl	$1000, %ebx
	jne	failed
	done	'U'

	movl	$2000000, %ecx
	movl	$LOOP, %esi
1:	movl	%ecx, %eax
	andl	$0xffff8, %eax
	addq	%rcx, (%rsi, %rax)
	decl	%ecx
	jnz	1b
	done	'M'
	done	'.'
	movl	$0x10, %eax	/* QEMU ends with 33 */
	outl	%eax, $0xf4
1:	hlt
	jmp	1b

failed:
	done	'!'
	movl	$0x11, %eax
	outl	%eax, $0xf4
1:	hlt
	jmp	1b

breakpoint:
	incl	%ebx
	iretq

page_fault:
	pushq	%rax
	incl	FAULTS
	movq	%cr2, %rax
	cmpq	$READ_ONLY, %rax
	je	1f
	cmpq	$LATE, %rax
	jne	failed
	movl	$0x400087, PD1
	movl	$(PD1 + 7), PDPT + 8
	jmp	2f
1:	movl	$(READ_ONLY + 0x87), PD0 + 8
	invlpg	(%rax)
2:	popq	%rax
	addq	$8, %rsp	/* the error code */
	iretq

	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff	/* 08 code, 32 bits */
	.quad	0x00cf92000000ffff	/* 10 data */
	.quad	0x00af9a000000ffff	/* 18 code, 64 bits */
	.quad	0x00cf92000000ffff	/* 20 data, of system calls */
	.quad	0x00cff2000000ffff	/* 28 data of user mode */
	.quad	0x00affa000000ffff	/* 30 code of user mode */
gdtr:
	.word	gdtr - gdt - 1
	.long	gdt - SYM(payload) + ROM
idtr:
	.word	32 * 16 - 1
	.quad	IDT

#elif defined(__aarch64__)
/*
 * aarch64.  The start of the flash at 0 of machine virt.  Letters by the
 * PL011 at 9000000, the end by PSCI's SYSTEM_OFF.
 *
 *	R it runs	S SIMD			B a system call's return
 *	L paging	A load and store exclusive	M two million memory cycles
 */
	.set	UART, 0x09000000
	.set	RAM, 0x40000000
	.set	TABLE, RAM + 0x10000
	.set	LOOP, RAM + 0x100000

	.macro done letter
	mov	w0, #\letter
	str	w0, [x28]
	.endm
	.macro load reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #((\value) >> 16 & 0xffff), lsl #16
	.endm

SYM(payload):
	load	x28, UART
	load	x27, RAM
	done	'R'
	mov	x1, #(3 << 20)	/* SIMD is not trapped */
	msr	cpacr_el1, x1
	isb
	movi	v0.2d, #0
	fmov	d1, x27
	add	v0.2d, v0.2d, v1.2d
	fmov	x1, d0
	cmp	x1, x27
	b.ne	failed
	done	'S'
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	mov	x20, #0
	svc	#0
	cmp	x20, #1
	b.ne	failed
	done	'B'
	/* two blocks of 1 GiB: devices and flash, memory */
	load	x1, TABLE
	mov	x2, #0x401	/* accessed, block, attribute 0 */
	str	x2, [x1]
	load	x2, RAM + 0x705	/* shareable, attribute 1 */
	str	x2, [x1, #8]
	mov	x2, #0xff44	/* 0 not cached, 1 write-back */
	msr	mair_el1, x2
	load	x2, 0x80803519	/* 39 bits, 4 KiB, write-back */
	msr	tcr_el1, x2
	msr	ttbr0_el1, x1
	tlbi	vmalle1
	dsb	sy
	isb
	mrs	x2, sctlr_el1
	orr	x2, x2, #1
	msr	sctlr_el1, x2
	isb
	done	'L'
	str	xzr, [x27]
1:	ldxr	x1, [x27]
	add	x1, x1, #7
	stxr	w2, x1, [x27]
	cbnz	w2, 1b
	ldr	x1, [x27]
	cmp	x1, #7
	b.ne	failed
	done	'A'
	load	x1, 2000000
	load	x3, LOOP
1:	and	x2, x1, #0xffff8
	ldr	x4, [x3, x2]
	add	x4, x4, x1
	str	x4, [x3, x2]
	subs	x1, x1, #1
	b.ne	1b
	done	'M'
	done	'.'
	b	off
failed:
	done	'!'
off:
	load	x0, 0x84000008	/* PSCI SYSTEM_OFF */
	hvc	#0
1:	wfi
	b	1b

	.balign 2048
vectors:
	.rept	4
	b	failed
	.balign 128
	.endr
	add	x20, x20, #1	/* synchronous, this level */
	eret
	.balign 128
	.rept	11
	b	failed
	.balign 128
	.endr
#else
SYM(payload):
	.byte	0
#endif
SYM(payload_end):
	.byte	0

#if defined(__linux__)
	.section .note.GNU-stack, "", %progbits
#endif
