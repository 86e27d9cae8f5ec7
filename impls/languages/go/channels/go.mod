module sluice-go-channels

go 1.19
