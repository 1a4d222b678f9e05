// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bus of micro devices in ACPI, with the settings of tests/firmware/answers.dtso. The child
 * nodes are data nodes (hierarchical _DSD), whose names are free.
 */
DefinitionBlock ("", "SSDT", 2, "MICRO", "ANSWERS", 1)
{
	Scope (\_SB)
	{
		Device (MKBS)
		{
			Name (_HID, "PRP0001")
			Name (_UID, "answers")
			Name (_DSD, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,bus" }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package () {
					Package () { "dump@1", "DUMP" },
					Package () { "sample@2", "SAMP" },
					Package () { "fifo@3", "FIFO" },
					Package () { "ram@4", "RAMD" }
				}
			})

			Name (DUMP, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", Package () { "test,most-specific", "microkernel,dump" } },
					Package () { "reg", 1 },
					Package () { "a-bool", 1 },
					Package () { "a-u8", 200 },
					Package () { "b-u8", Package () { 0, 1, 127, 128, 255 } },
					Package () { "a-u16", 50000 },
					Package () { "b-u16", Package () { 1, 256, 65535 } },
					Package () { "a-u32", 4000000000 },
					Package () { "b-u32", Package () { 1, 65536, 4294967295 } },
					Package () { "a-u64", 10000000000000000000 },
					Package () { "b-u64", Package () { 1, 4294967296, 18446744073709551615 } },
					Package () { "a-string", "just one" },
					Package () { "b-string", Package () { "one", "", "two words", "three, four" } },
					Package () { "c-string", "" },
					Package () { "micro,Odd_name.+?#1-", 1 },
					Package () { "a-name-of-31-characters-in-all-", 31 }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package () {
					Package () { "channel@0", "CHN0" },
					Package () { "channel@1", "CHN1" }
				}
			})

			Name (CHN0, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "reg", 0 },
					Package () { "compatible", "test,channel" }
				}
			})

			Name (CHN1, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "reg", 1 },
					Package () { "b-bool", 1 }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package () {
					Package () { "deep", "DEEP" }
				}
			})

			Name (DEEP, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "x", 7 },
					Package () { "label", "deep" }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package () {
					Package () { "empty", "EMPT" }
				}
			})

			Name (EMPT, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {}
			})

			Name (SAMP, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,sample-driver" },
					Package () { "buffer-size", 100 }
				}
			})

			Name (FIFO, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,fifo" },
					Package () { "fifo-size", 128 }
				}
			})

			Name (RAMD, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,ram" },
					Package () { "size", 12345 }
				}
			})
		}
	}
}
