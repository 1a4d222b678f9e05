// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two buses of micro devices in ACPI, with names good and bad, data nodes and
 * Device objects.
 */
DefinitionBlock ("", "SSDT", 2, "MICRO", "ODD", 1)
{
	Scope (\_SB)
	{
		Device (MKB1)
		{
			Name (_HID, "PRP0001")
			Name (_UID, "one")
			Name (_DSD, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,bus" }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package () {
					Package () { "sample_driver@7", "BYNM" },
					Package () { "dump@2", "LABL" },
					Package () { "sample_driver@8", "BYND" },
					Package () { "disabled", "DSBL" },
					Package () { "first", "FRST" },
					Package () { "second", "SCND" },
					Package () { "no name", "NONA" },
					Package () { "nobody", "NOBO" },
					Package () { "failing", "FAIL" },
					Package () { "odd-strings", "ODDS" },
					Package () { "last", "LAST" }
				}
			})

			// no compatible: its name tells the driver
			Name (BYNM, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "buffer-size", 10 }
				}
			})

			// called by its label
			Name (LABL, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "label", "left" }
				}
			})

			// the name of the node tells it, not the label
			Name (BYND, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "label", "named" },
					Package () { "buffer-size", 5 }
				}
			})

			// as in a device tree
			Name (DSBL, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "status", "disabled" }
				}
			})

			// two of one label: the first wins
			Name (FRST, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "label", "twin" },
					Package () { "x", 1 }
				}
			})

			Name (SCND, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "label", "twin" },
					Package () { "x", 2 }
				}
			})

			// no name for a device
			Name (NONA, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" }
				}
			})

			// no driver
			Name (NOBO, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", Package () { "test,nobody", "test,nothing" } }
				}
			})

			// its probe fails
			Name (FAIL, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "probe-error", 5 }
				}
			})

			// no compatible strings could be so
			Name (ODDS, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", Package () { "microkernel,dump", "" } }
				}
			})

			Name (LAST, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "x", 9 }
				}
			})
		}

		Device (MKB2)
		{
			Name (_HID, "PRP0001")
			Name (_UID, "two")
			Name (_DSD, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,bus" }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package () {
					Package () { "right", "RGHT" }
				}
			})

			// Device objects are children, too
			Device (KID1)
			{
				Name (_ADR, 1)
				Name (_DSD, Package () {
					ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
					Package () {
						Package () { "compatible", "microkernel,dump" },
						Package () { "x", 1 }
					},
					ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
					Package () {
						Package () { "inside", "INSD" }
					}
				})

				Name (INSD, Package () {
					ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
					Package () {
						Package () { "x", 11 }
					}
				})
			}

			// ACPI's "disabled"
			Device (KID2)
			{
				Name (_ADR, 2)
				Name (_STA, 0)
				Name (_DSD, Package () {
					ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
					Package () {
						Package () { "compatible", "microkernel,dump" }
					}
				})
			}

			// has a platform device of its own, which has no driver
			Device (KID3)
			{
				Name (_HID, "PRP0001")
				Name (_DSD, Package () {
					ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
					Package () {
						Package () { "compatible", "microkernel,dump" },
						Package () { "label", "third" },
						Package () { "x", 3 }
					}
				})
			}

			Name (RGHT, Package () {
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package () {
					Package () { "compatible", "microkernel,dump" },
					Package () { "x", 2 }
				}
			})
		}
	}
}
