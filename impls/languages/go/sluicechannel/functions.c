#include "_cgo_export.h"

/* The archive's channel, as channel.h says. */
const struct sluice_channel_functions sluice_go_channel = {
    channelMake, channelFree, channelSend, channelRecv, channelCloseSenders, channelCloseReceivers, channelSize,
};
