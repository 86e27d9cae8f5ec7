module sluice/channel

go 1.19
