#!/bin/sh
# SPDX-License-Identifier: ISC
# Put test data back to what it was.  Runs in the guest at each start:
#
#	mkdir -p ~/.xray/vms/VM/scripts/boot/guest
#	cp reset-data.sh ~/.xray/vms/VM/scripts/boot/guest/30-reset-data.sh
#
# What is in ~/testdata at the first start is kept as ~/testdata.orig, and that
# is what each later start begins with.
set -eu
cd
if [ ! -d testdata.orig ]; then
	mkdir -p testdata
	cp -a testdata testdata.new
	mv testdata.new testdata.orig
fi
rm -rf testdata testdata.new
cp -a testdata.orig testdata
