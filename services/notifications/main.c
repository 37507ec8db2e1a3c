/* main.c - pia-notifications: tells people what concerns them. */
#include "notifications.h"

int main(int argc, char **argv)
{
    notifications_t notifications = {.context = NULL};
    pia_service_t service = notifications_service(&notifications);
    int result = pia_service_main(&service, argc, argv);
    notifications_close(&notifications);
    return result;
}
