module sluice-go-peers

go 1.19
